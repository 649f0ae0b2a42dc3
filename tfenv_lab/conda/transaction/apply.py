"""The one way a prefix changes: build beside it, then take its place in one step.

A new environment is linked into a staging directory and renamed. Of an existing one what stays is cloned there by
hard links while what comes is linked beside it, and the two directories are exchanged. Whatever ends the process, the
prefix is the old environment or the new one; what is left beside it carries the job's id and is collected later.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import Awaitable, Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar, cast

from rattler import Client

from ...errors import PrefixExists, Protected, StalePlan, TfenvError
from ...models import Phase
from ..prefix import registry, revisions, state
from ..prefix.records import contents, read, record_name
from . import bytecode, cloning, linking, pip, placement, recording, relocation, staging
from .change import Change
from .failure import translate
from .progress import InstallProgress, Progress
from .start import Start, changed_records

#: What an environment does not pass on to a copy: its history, and that nobody shall change it.
_ITS_OWN = (f"{staging.META}/history", f"{staging.META}/frozen", revisions.FOLDER)

_One = TypeVar("_One")
_Other = TypeVar("_Other")


class Watcher(Protocol):
    """Who is told how a transaction gets on. Calls may come from any thread."""

    def phase(self, name: Phase) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def swapping(self) -> AbstractContextManager[None]:
        """Enclose the moment that must not be interrupted."""
        ...


async def apply(
    change: Change, job: str, *, package_cache: Path, bytecode_store: Path, client: Client | None, watcher: Watcher
) -> revisions.Revision:
    """Run the transaction of a job and return the revision it made. The caller holds the prefix's lock.

    Raises PrefixExists or StalePlan where the prefix is not as planned, NoSpace, ChannelUnreachable or JobFailed where
    the work cannot be done; then the prefix is untouched and nothing of ours is left beside it.
    """
    staged = staging.staging_path(change.prefix, job)
    require_states(change)
    change.prefix.parent.mkdir(parents=True, exist_ok=True)
    try:
        watcher.phase("download" if change.begins_with is None else "link")
        records = await asyncio.to_thread(change.records)
        start = await asyncio.to_thread(Start.of, change)
        coming = changed_records(start.records, records, start.bound)
        staying = start.kept(records, coming)
        leaving = start.files - start.files_of(staying)
        # rattler looks at every record of the tree that it links into: these have to be whole before it starts.
        clone = await asyncio.to_thread(_begin, change, staged, leaving, start.files)
        sizes = await linking.fetch_sizes(coming, package_cache)
        cloned = len(start.files - leaving)
        steps = linking.progress(sizes, coming, cloned, package_cache, watcher.progress, watcher.phase)
        link = linking.link(
            records,
            staged,
            change.prefix,
            staying=staying,
            begins_with=change.begins_with,
            kept=start.files - leaving,
            cache=package_cache,
            client=client,
            steps=steps,
        )
        _, snapshot = await _both(link, asyncio.to_thread(_complete, clone, steps))
        if change.source is not None and state.fingerprint(change.source) != start.fingerprint:
            raise StalePlan(f"“{change.source.name}” changed while it was copied.")
        if change.source is not None:
            texts = start.written(staying)
            await asyncio.to_thread(relocation.relocate, staged, change.source, change.prefix, texts)
        names = list(map(record_name, coming))
        fresh = await asyncio.to_thread(read, staged, names)
        await asyncio.to_thread(bytecode.add, staged, fresh, bytecode_store)
        steps.compiled()
        linked = frozenset[str]().union(*(found.files for found in contents(staged, names).values()))
        for script in linking.scripts(linked):
            # Standard error is the job's log.
            print(f"{script} was not run: conda would have run it now.", file=sys.stderr, flush=True)
        owned = start.files | linked
        if change.pypi:
            await asyncio.to_thread(pip.install, staged, change.prefix, change.pypi, owned)
        before = start.records if change.is_continued else ()
        revision = await asyncio.to_thread(
            recording.record, change, job, staged, before, staying, fresh, start.requested
        )
        await asyncio.to_thread(_bring_along, change, staged, snapshot, owned)
        with watcher.swapping():
            watcher.phase("swap")
            require_states(change)
            _put(change, job, staged)
    except Exception as error:
        raise translate(error) from error
    finally:
        if not placement.is_begun(staged, change.prefix, staging.aside_path(change.prefix, job)):
            # What cannot be deleted now is collected when this process has ended.
            await asyncio.to_thread(staging.discard, staged)
    await asyncio.to_thread(register_prefix, change.prefix)
    return revision


async def _both(one: Awaitable[_One], other: Awaitable[_Other]) -> tuple[_One, _Other]:
    """Return both results; where one failed, raise that once the other, too, writes nothing any more."""
    done = await asyncio.gather(one, other, return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return cast("tuple[_One, _Other]", done)


def _begin(change: Change, staged: Path, leaving: frozenset[str], owned: frozenset[str]) -> cloning.ClonedTree | None:
    """Make the new tree, with what has to be there before packages are linked into it."""
    if change.begins_with is None:
        (staged / staging.META).mkdir(parents=True)
        return None
    clone = cloning.ClonedTree(
        change.begins_with, staged, leaving.union(() if change.is_continued else _ITS_OWN), owned
    )
    clone.begin()
    return clone


def _complete(clone: cloning.ClonedTree | None, steps: InstallProgress) -> cloning.Snapshot:
    return clone.complete(steps.clone) if clone else cloning.Snapshot()


def _bring_along(change: Change, staged: Path, snapshot: cloning.Snapshot, owned: Collection[str]) -> None:
    """Take over what conda does not own: what changed since it was cloned, and in a copy without the old prefix."""
    brought: Collection[str] = ()
    if change.begins_with is not None and change.is_continued:
        brought = cloning.carry_over(change.begins_with, staged, snapshot, owned)
    if change.source is not None:
        theirs = {*snapshot.files, *brought}.difference(owned)
        relocation.rewrite(staged, change.source, change.prefix, sorted(theirs))


def require_states(change: Change) -> None:
    """Raise PrefixExists or StalePlan where the prefixes of a change are not what it was planned for."""
    require_state(change.prefix, change.fingerprint if change.origin == "in_place" else None)
    if change.moved_from is not None:
        require_state(change.moved_from, change.fingerprint)


def _put(change: Change, job: str, staged: Path) -> None:
    """Put the staged tree in its place. Where it was renamed, the old prefix goes then."""
    if change.origin == "in_place":
        aside, trash = (path(change.prefix, job) for path in (staging.aside_path, staging.trash_path))
        placement.put(staged, change.prefix, aside, trash)
        return
    staged.rename(change.prefix)
    if change.moved_from is not None:
        try:
            remove(change.moved_from, job)
        except TfenvError:
            change.prefix.rename(staged)
            raise


def register_prefix(path: Path) -> None:
    """Enter a prefix into conda's list; a home that cannot be written must not fail a change that is done."""
    with contextlib.suppress(OSError):
        registry.register(path)


def remove(path: Path, job: str) -> None:
    """Remove a whole environment: it is renamed away and so gone at once; ``recovery.clear`` deletes it.

    Raises Protected where it cannot be renamed: a symbolic link, a mount point, a parent that must not be written.
    """
    require_movable(path)
    try:
        path.rename(staging.trash_path(path, job))
    except OSError as error:
        raise translate(error) from error
    with contextlib.suppress(OSError):
        registry.unregister(path)


def require_movable(path: Path) -> None:
    """Raise Protected where a whole environment cannot be renamed away, saying why."""
    if path.is_symlink():
        raise Protected(f"“{path.name}” is a symbolic link to {path.resolve()}; that is where the environment lies.")
    if staging.is_fixed(path):
        raise Protected(f"“{path.name}” is a mount point, or lies in a folder that cannot be written.")


def require_state(path: Path, fingerprint: str | None) -> None:
    """Raise unless a prefix is what was planned for: absent (None, else PrefixExists) or unchanged (else StalePlan)."""
    if fingerprint is None:
        if path.exists() or path.is_symlink():
            raise PrefixExists(f"Something is already at {path}.")
    elif not path.is_dir() or state.fingerprint(path) != fingerprint:
        raise StalePlan(f"“{path.name}” changed since this was planned.")
