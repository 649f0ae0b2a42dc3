"""Change a prefix in one transaction: build a new tree in a staging directory, then swap it with the prefix.

A new environment is linked into the staging directory, which is then renamed. For an existing environment, the packages
that stay are cloned with hard links while the new ones are linked, and then the two directories are exchanged. Even if
the process dies, the prefix is either the old environment or the new one. Leftover directories next to the prefix have
the job's id in their names and are deleted later.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Collection
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar, cast

from rattler import Client

from ...disk import flushing
from ...errors import PrefixExists, StalePlan, TfenvError
from ...models import Advice, Phase
from ...pypi.models import MARK, IndexSettings
from ...sentences import say
from ..prefix import overlays, registry, revisions, state
from ..prefix.records import contents, names_of, read, record_name
from . import (
    bytecode,
    carrying,
    cloning,
    earlier,
    linking,
    placement,
    recording,
    relocation,
    removal,
    shared_files,
    staging,
    wheels,
)
from .change import Change
from .engaged import Engaged, Engagement
from .failure import translate
from .package_cache import remember_own_faults
from .progress import InstallProgress, Progress
from .start import Start, changed_records, python_moves, uncovered

#: Files that a copy does not get: the history, the revisions, and the marker that protects the environment.
_ITS_OWN = (f"{staging.META}/history", f"{staging.META}/frozen", revisions.FOLDER)

#: Maximum seconds to wait until the new tree is on the disk.
FLUSH_LIMIT = 120.0

_One = TypeVar("_One")
_Other = TypeVar("_Other")


class Watcher(Protocol):
    """Receiver of a transaction's phases, progress and current packages. Calls may come from any thread."""

    def phase(self, name: Phase) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def engaged(self, engagement: Engagement) -> None: ...

    def notice(self, advice: Advice) -> None:
        """Receive a warning about the new environment, before the swap."""
        ...

    def swapping(self) -> AbstractContextManager[None]:
        """Return a context manager for the step that must not be interrupted."""
        ...


async def apply(
    change: Change,
    job: str,
    *,
    package_cache: Path,
    bytecode_store: Path,
    client: Client | None,
    watcher: Watcher,
    index: IndexSettings | None = None,
) -> revisions.Revision:
    """Run the transaction of a job and return its revision. The caller must hold the prefix lock.

    Raises PrefixExists or StalePlan if the prefix differs from the plan's, and NoSpace, ChannelUnreachable or JobFailed
    if the change fails. The prefix is then unchanged, and the staging directory is deleted.
    """
    staged = staging.staging_path(change.prefix, job)
    index = index or IndexSettings({})
    require_states(change)
    change.prefix.parent.mkdir(parents=True, exist_ok=True)
    try:
        watcher.phase("download" if change.begins_with is None else "link")
        change = await earlier.resolved(change, package_cache, index)
        records = await asyncio.to_thread(change.records)
        start = await asyncio.to_thread(Start.of, change)
        coming = changed_records(start.records, records, start.bound)
        staying = start.kept(records, coming)
        if change.begins_with is not None:
            bound = await asyncio.to_thread(uncovered, change.begins_with, staying)
            coming = changed_records(start.records, records, start.bound | bound)
            staying = start.kept(records, coming)
        locked = await asyncio.to_thread(change.distributions)
        locked = wheels.with_sizes(locked, start.wheels.distributions, change.entries)
        moves = python_moves(start.records, records) or overlays.python_moves(change.begins_with, change.over)
        fresh_wheels = wheels.coming(start.wheels.distributions, locked, moves)
        staying_wheels = {each.name for each in locked}.difference(each.name for each in fresh_wheels)
        leaving = await asyncio.to_thread(start.leaving, staying, staying_wheels)
        # rattler reads all records of the tree that it links into, so they must be complete before it starts.
        clone = await asyncio.to_thread(_begin, change, staged, leaving, start.files)
        again = [record for record in coming if record.name.normalized in change.relinked]
        await asyncio.to_thread(lambda: linking.discard(linking.damaged(again, package_cache), package_cache))
        damaged = await linking.discard_damaged(coming, package_cache)
        sizes = await linking.fetch_sizes(coming, package_cache)
        sizes |= await asyncio.to_thread(wheels.sizes, fresh_wheels, index)
        cloned = len(start.files - leaving)
        marked = [MARK + each.name for each in fresh_wheels]
        steps = linking.progress(sizes, coming, cloned, package_cache, watcher.progress, watcher.phase, marked)
        ahead = bytecode.Ahead(staged, records, coming, bytecode_store)
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
            engaged=Engaged(watcher.engaged),
            linked=ahead.linked,
        )
        with ahead:
            _, snapshot = await _both(link, asyncio.to_thread(_complete, clone, steps, ahead))
            await asyncio.to_thread(remember_own_faults, damaged)
            if change.over is not None:
                await asyncio.to_thread(overlays.write, staged, change.prefix, change.over)
            if change.source and change.begins_with and state.fingerprint(change.begins_with) != start.fingerprint:
                raise StalePlan(say("“{name}” changed while it was being copied.", name=change.source.name))
            if change.source is not None:
                texts = start.written(staying)
                await asyncio.to_thread(relocation.relocate, staged, change.source, change.prefix, texts)
            names = list(map(record_name, coming))
            fresh = await asyncio.to_thread(read, staged, names)
            await asyncio.to_thread(bytecode.add, staged, fresh, bytecode_store, steps.compile, ahead)
        new = await asyncio.to_thread(contents, staged, names)
        linked = frozenset[str]().union(*(found.files for found in new.values()))
        for script in linking.scripts(linked):
            # Standard error goes to the job's log.
            print(f"{script} was not run, although conda would run it.", file=sys.stderr, flush=True)
        kept = {name: start.contents[name] for name in map(record_name, staying)}
        wheel_files = await asyncio.to_thread(
            wheels.install,
            staged,
            change.prefix,
            fresh_wheels,
            index,
            requirements=change.requirements,
            repaired={*change.reinstalled, *change.others_removed},
            conda={**kept, **new},
            store=bytecode_store,
            steps=steps,
        )
        steps.compiled()
        if change.source is not None:
            moved = wheels.scripts(start.wheels.files_of(staying_wheels))
            await asyncio.to_thread(relocation.rewrite, staged, change.source, change.prefix, moved)
        owned = start.files | linked | wheel_files
        before = start.records if change.is_continued else ()
        await asyncio.to_thread(wheels.record, staged, locked, change.requirements)
        revision = await asyncio.to_thread(
            recording.record, change, job, staged, before, staying, fresh, start.requested, start.managed
        )
        for each in await asyncio.to_thread(shared_files.noticed, staged, names_of(coming).union(marked)):
            watcher.notice(each)
        await _flush(staged)
        await asyncio.to_thread(_bring_along, change, staged, snapshot, owned)
        if clone is not None:
            await asyncio.to_thread(clone.close)
        with watcher.swapping():
            watcher.phase("swap")
            require_states(change)
            _put(change, job, staged)
            await asyncio.to_thread(_bring_last, change, job, staged, snapshot, owned)
    except Exception as error:
        raise translate(error, staged, change.begins_with or change.prefix) from error
    finally:
        if not placement.is_begun(staged, change.prefix, staging.aside_path(change.prefix, job)):
            # What cannot be deleted now is deleted after this process has ended.
            await asyncio.to_thread(staging.discard, staged)
    await asyncio.to_thread(registry.register, change.prefix)
    return revision


async def _both(one: Awaitable[_One], other: Awaitable[_Other]) -> tuple[_One, _Other]:
    """Return both results. If one fails, raise its error after the other has finished writing."""
    done = await asyncio.gather(one, other, return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return cast("tuple[_One, _Other]", done)


def _begin(change: Change, staged: Path, leaving: frozenset[str], owned: frozenset[str]) -> cloning.ClonedTree | None:
    """Create the new tree with everything that must exist before packages are linked into it."""
    if change.begins_with is None:
        (staged / staging.META).mkdir(parents=True)
        return None
    clone = cloning.ClonedTree(
        change.begins_with,
        staged,
        leaving.union(() if change.is_continued else _ITS_OWN),
        owned,
        change.prefix,
        change.source,
    )
    clone.begin()
    return clone


def _complete(clone: cloning.ClonedTree | None, steps: InstallProgress, ahead: bytecode.Ahead) -> cloning.Snapshot:
    snapshot = clone.complete(steps.clone) if clone else cloning.Snapshot()
    ahead.cloned()
    return snapshot


def _bring_along(change: Change, staged: Path, snapshot: cloning.Snapshot, owned: Collection[str]) -> None:
    """Carry over files that conda does not own: those changed since they were cloned, and in a copy with its prefix."""
    brought: Collection[str] = ()
    if change.begins_with is not None and change.is_continued:
        brought = carrying.carry_over(change.begins_with, staged, snapshot, owned, change.prefix, change.source)
    if change.source is not None:
        theirs = {*snapshot.files, *brought}.difference(owned)
        relocation.rewrite(staged, change.source, change.prefix, sorted(theirs))


async def _flush(staged: Path) -> None:
    """Flush the new tree to the disk, so that a loss of power after the swap finds it complete."""
    try:
        await asyncio.wait_for(asyncio.to_thread(flushing.flush_file_system, staged), FLUSH_LIMIT)
    except asyncio.TimeoutError:
        # Other programs may write to the same disk without end.
        print(f"The disk was not flushed within {FLUSH_LIMIT:g} seconds.", file=sys.stderr, flush=True)


def _bring_last(change: Change, job: str, staged: Path, snapshot: cloning.Snapshot, owned: Collection[str]) -> None:
    """Bring along what users wrote to the old tree in the last moment. The change is complete, so this cannot fail."""
    if not change.is_continued:
        return
    before = change.moved_from or change.prefix
    trees = [staging.trash_path(before, job), staging.aside_path(before, job), staged]
    old = next((tree for tree in trees if tree.is_dir()), None)
    if old is None:
        return
    try:
        brought = carrying.rescue(old, change.prefix, snapshot, owned, change.moved_from)
        if change.source is not None:
            relocation.rewrite(change.prefix, change.source, change.prefix, sorted(brought))
    except OSError as error:
        text = say(
            "Files that were written to the old tree at the moment of the swap may be missing: {error}", error=error
        )
        print(text, file=sys.stderr, flush=True)


def require_states(change: Change) -> None:
    """Raise PrefixExists or StalePlan if the prefixes of a change differ from what was planned."""
    require_state(change.prefix, change.fingerprint if change.origin == "in_place" else None)
    is_planned_over = change.over is not None and change.origin in ("new", "in_place")
    if change.over is not None and is_planned_over and overlays.mark(Path(change.over.prefix)) != change.over.mark:
        raise StalePlan(say("“{name}” changed since the plan was made.", name=change.over.name))
    if change.moved_from is not None:
        require_state(change.moved_from, change.fingerprint)


def _put(change: Change, job: str, staged: Path) -> None:
    """Move the staged tree to the prefix; in a rename, remove the old prefix after that."""
    if change.origin == "in_place":
        aside, trash = (path(change.prefix, job) for path in (staging.aside_path, staging.trash_path))
        placement.put(staged, change.prefix, aside, trash)
        flushing.flush_names(staging.home(change.prefix))
        return
    staged.rename(change.prefix)
    flushing.flush_names(change.prefix.parent)
    if change.moved_from is not None:
        try:
            removal.remove(change.moved_from, job)
        except TfenvError:
            change.prefix.rename(staged)
            raise


def require_state(path: Path, fingerprint: str | None) -> None:
    """Verify that a prefix is as planned: absent if ``fingerprint`` is None, otherwise unchanged.

    Raises PrefixExists if it is not absent, StalePlan if it changed.
    """
    if fingerprint is None:
        if path.exists() or path.is_symlink():
            raise PrefixExists(say("{path} already exists.", path=path))
    elif not path.is_dir() or state.fingerprint(path) != fingerprint:
        raise StalePlan(say("“{name}” changed since the plan was made.", name=path.name))
