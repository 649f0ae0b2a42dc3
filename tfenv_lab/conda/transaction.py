"""The one way a prefix changes: build beside it, then take its place in one step.

A new environment is linked into a staging directory and renamed. An existing one is cloned by hard links, the
clone is changed, and the two directories are exchanged. Whatever ends the process, the prefix is the old
environment or the new one; what is left beside it carries the job's id and is collected later.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Awaitable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import rattler
from rattler import Client, PackageCache, PrefixRecord, RepoDataRecord

from ..errors import JobFailed, PrefixExists, Protected, StalePlan, TfenvError
from . import bytecode, cloning, pip, prefix, recording, registry, relocation, revisions, staging, strategy
from .failure import translate
from .progress import InstallProgress, Progress
from .records import Contents, contents, read, record_name

#: What an environment does not pass on to a copy: its history, and that nobody shall change it.
_ITS_OWN = (f"{staging.META}/history", f"{staging.META}/frozen", revisions.FOLDER)

_One = TypeVar("_One")
_Other = TypeVar("_Other")


@dataclass(frozen=True)
class Change:
    """One transaction, ready to run.

    ``records`` are what the environment shall hold; ``requested`` the specs to remember, by package name;
    ``fingerprint`` the state of the prefix that the plan was made for, None where the prefix must be new.
    ``copy_of`` names the prefix whose files beyond conda's records come along; ``moved`` is its fingerprint where the
    environment is renamed from there, history and all. ``command`` goes into conda's history. ``pypi`` are
    requirements for pip, installed last; only where the prefix is new.
    """

    prefix: Path
    kind: str
    job: str
    records: Sequence[RepoDataRecord]
    requested: Mapping[str, str]
    channels: Sequence[str]
    subdir: str
    fingerprint: str | None = None
    copy_of: Path | None = None
    moved: str | None = None
    summary: str = ""
    command: str = "tfenv_lab"
    entries: list[dict[str, Any]] = field(default_factory=list)
    pypi: Sequence[str] = ()

    @property
    def origin(self) -> Path | None:
        """The prefix that the change begins with: its own, the one it copies, or none."""
        return self.copy_of or (self.prefix if self.fingerprint is not None else None)

    @property
    def is_continued(self) -> bool:
        """Whether the environment goes on, history and all, and is not a new one."""
        return self.fingerprint is not None or self.moved is not None


class Watcher(Protocol):
    """Who is told how a transaction gets on. Calls may come from any thread."""

    def phase(self, name: str) -> None: ...

    def progress(self, progress: Progress) -> None: ...

    def swapping(self) -> AbstractContextManager[None]:
        """Enclose the moment that must not be interrupted."""
        ...


async def fetch_sizes(records: Iterable[RepoDataRecord], cache: Path) -> dict[str, int]:
    """Return bytes to fetch by package name: the records that are not in the package cache (size 0 if unknown)."""
    index = await PackageCache(cache).index() if cache.is_dir() else None
    return {
        record.name.normalized: record.size or 0
        for record in records
        if index is None or not index.contains_record(record)
    }


def changed_records(
    before: Iterable[RepoDataRecord], after: Sequence[RepoDataRecord], bound: Collection[str] = ()
) -> list[RepoDataRecord]:
    """Return the records of ``after`` that have to be linked, given what is installed.

    With another minor version of Python all ``noarch: python`` packages are linked anew: their place carries it.
    So are, in a copy, the packages ``bound`` to the prefix they lie in (names of record files).
    """
    installed = list(before)
    have = {(record_name(r), r.subdir) for r in installed if record_name(r) not in bound}
    moved = _python_of(installed) != _python_of(after)
    return [r for r in after if (moved and r.noarch.python) or (record_name(r), r.subdir) not in have]


def _python_of(records: Iterable[RepoDataRecord]) -> list[list[str]]:
    return [str(r.version).split(".")[:2] for r in records if r.name.normalized == "python"][:1]


async def apply(
    change: Change, *, package_cache: Path, bytecode_store: Path, client: Client | None, watcher: Watcher
) -> revisions.Revision:
    """Run the transaction and return the revision it made. The caller holds the prefix's lock.

    Raises PrefixExists or StalePlan where the prefix is not as planned, NoSpace, ChannelUnreachable or JobFailed where
    the work cannot be done; then the prefix is untouched and nothing of ours is left beside it.
    """
    staged = staging.staging_path(change.prefix, change.job)
    _require_states(change)
    change.prefix.parent.mkdir(parents=True, exist_ok=True)
    try:
        watcher.phase("download" if change.origin is None else "link")
        origin = await asyncio.to_thread(_Origin.of, change)
        coming = changed_records(origin.records, change.records, origin.bound)
        staying = origin.kept(change.records, coming)
        leaving = origin.files - origin.files_of(staying)
        # rattler looks at every record of the tree that it links into: these have to be whole before it starts.
        await asyncio.to_thread(_copy_records, change, staged, leaving)
        steps, snapshot = await _both(
            _link(change, staged, staying, coming, package_cache, client, watcher),
            asyncio.to_thread(_clone, change, staged, leaving, origin.files),
        )
        names = list(map(record_name, coming))
        fresh = await asyncio.to_thread(read, staged, names)
        await asyncio.to_thread(bytecode.add, staged, fresh, bytecode_store)
        steps.compiled()
        owned = origin.files.union(*(found.files for found in contents(staged, names).values()))
        if change.pypi:
            await asyncio.to_thread(pip.install, staged, change.prefix, change.pypi, owned)
        before = origin.records if change.is_continued else ()
        revision = await asyncio.to_thread(recording.record, change, staged, before, staying, fresh, origin.requested)
        await asyncio.to_thread(_bring_along, change, staged, snapshot, owned)
        with watcher.swapping():
            watcher.phase("swap")
            _require_states(change)
            _put(change, staged)
    except Exception as error:
        raise translate(error) from error
    finally:
        if not strategy.is_begun(staged):
            await asyncio.to_thread(staging.discard, staged)
    await asyncio.to_thread(registered, change.prefix)
    return revision


@dataclass(frozen=True)
class _Origin:
    """What a change begins with. ``bound`` names the records of packages that cannot lie elsewhere as they are."""

    records: Sequence[PrefixRecord] = ()
    contents: Mapping[str, Contents] = field(default_factory=dict)
    requested: Mapping[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()

    @classmethod
    def of(cls, change: Change) -> _Origin:
        if change.origin is None:
            return cls()
        found = contents(change.origin)
        bound = frozenset(name for name, package in found.items() if change.copy_of and package.is_bound)
        asked = prefix.requested_specs(change.origin) if change.is_continued else {}
        return cls(prefix.records(change.origin), found, asked, bound)

    @property
    def files(self) -> frozenset[str]:
        return self.files_of(self.records)

    def files_of(self, records: Iterable[PrefixRecord]) -> frozenset[str]:
        """Return the paths inside the prefix that belong to these packages."""
        return frozenset[str]().union(*(self.contents[record_name(record)].files for record in records))

    def kept(self, after: Iterable[RepoDataRecord], coming: Iterable[RepoDataRecord]) -> list[PrefixRecord]:
        """Return the installed records that belong to the new state and need not be linked."""
        names = set(map(record_name, after)) - set(map(record_name, coming))
        return [record for record in self.records if record_name(record) in names]


async def _both(one: Awaitable[_One], other: Awaitable[_Other]) -> tuple[_One, _Other]:
    """Return both results; where one failed, raise that once the other, too, writes nothing any more."""
    done = await asyncio.gather(one, other, return_exceptions=True)
    for result in done:
        if isinstance(result, BaseException):
            raise result
    return cast("tuple[_One, _Other]", done)


def _copy_records(change: Change, staged: Path, leaving: frozenset[str]) -> None:
    if change.origin is None:
        (staged / staging.META).mkdir(parents=True)
    else:
        own = () if change.is_continued else _ITS_OWN
        cloning.copy_records(change.origin, staged, leaving.union(own))


def _clone(change: Change, staged: Path, leaving: frozenset[str], owned: frozenset[str]) -> cloning.Snapshot:
    """Clone what the change begins with, but for what is leaving: most of the work of a change is making files."""
    return cloning.clone(change.origin, staged, leaving, owned) if change.origin else cloning.Snapshot()


def _bring_along(change: Change, staged: Path, snapshot: cloning.Snapshot, owned: Collection[str]) -> None:
    """Take over what conda does not own: what changed since it was cloned, and in a copy without the old prefix."""
    brought: Collection[str] = ()
    if change.origin is not None and change.is_continued:
        brought = cloning.carry_over(change.origin, staged, snapshot, owned)
    if change.copy_of is not None:
        theirs = {*snapshot.files, *brought}.difference(owned)
        relocation.rewrite(staged, change.copy_of, change.prefix, sorted(theirs))


def _require_states(change: Change) -> None:
    require_state(change.prefix, change.fingerprint)
    if change.copy_of is not None and change.moved is not None:
        require_state(change.copy_of, change.moved)


def _put(change: Change, staged: Path) -> None:
    """Put the staged tree in its place. Where it was renamed, the old prefix goes then."""
    if change.fingerprint is not None:
        strategy.put(staged, change.prefix, staging.trash_path(change.prefix, change.job))
        return
    staged.rename(change.prefix)
    if change.copy_of is not None and change.moved is not None:
        try:
            remove(change.copy_of, change.job)
        except TfenvError:
            change.prefix.rename(staged)
            raise


def registered(path: Path) -> None:
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
            raise PrefixExists(f"Something is already at {path}; choose another name.")
    elif not path.is_dir() or prefix.fingerprint(path) != fingerprint:
        raise StalePlan(f"“{path.name}” changed since this was planned; review the change again.")


async def _link(
    change: Change,
    staged: Path,
    staying: list[PrefixRecord],
    coming: list[RepoDataRecord],
    cache: Path,
    client: Client | None,
    watcher: Watcher,
) -> InstallProgress:
    """Link what is ``coming`` into the staged tree; what is ``staying`` there comes from elsewhere."""
    sizes = await fetch_sizes(coming, cache)

    await asyncio.to_thread(_require_genuine, [r for r in coming if r.name.normalized in sizes])

    def report() -> None:
        watcher.progress(steps.snapshot())

    steps = InstallProgress(sizes, len(coming), report, watcher.phase)
    await rattler.install(
        list(change.records),
        staged,
        cache_dir=cache,
        installed_packages=staying,
        ignored_packages={record.name.normalized for record in staying},
        show_progress=False,
        client=client,
        reporter=cast("rattler.InstallerReporter", steps),  # it has the callbacks that are used
        alternative_target_prefix=change.prefix,
    )
    return steps


def _require_genuine(records: Iterable[RepoDataRecord]) -> None:
    """Raise JobFailed where a package file on this machine is not what its channel's index says.

    rattler checks what it downloads, but takes ``file://`` packages as they are.
    """
    for record in records:
        split = urlsplit(record.url)
        if split.scheme == "file" and record.sha256 is not None:
            path = Path(url2pathname(split.path))
            digest = hashlib.sha256()
            with path.open("rb") as package:
                while chunk := package.read(1 << 20):
                    digest.update(chunk)
            if digest.digest() != record.sha256:
                raise JobFailed(f"The package {path.name} is not what its channel's index says (hash mismatch).")
