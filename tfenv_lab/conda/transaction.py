"""The one way a prefix changes: build beside it, then take its place in one step.

A new environment is linked into a staging directory and renamed. An existing one is cloned by hard links, the
clone is changed, and the two directories are exchanged. Whatever ends the process, the prefix is the old
environment or the new one; what is left beside it carries the job's id and is collected later.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import rattler
from rattler import Client, PackageCache, PrefixRecord, RepoDataRecord

from ..errors import JobFailed, PrefixExists, Protected, StalePlan, TfenvError
from . import bytecode, pip, prefix, recording, registry, relocation, revisions, staging, strategy
from .failure import translate
from .progress import InstallProgress, Progress


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


def changed_records(before: Iterable[RepoDataRecord], after: Sequence[RepoDataRecord]) -> list[RepoDataRecord]:
    """Return the records of ``after`` that have to be linked, given what is installed.

    With another minor version of Python all ``noarch: python`` packages are linked anew: their place carries it.
    """
    installed = list(before)
    have = {(r.name.normalized, str(r.version), str(r.build), r.subdir) for r in installed}
    moved = _python_of(installed) != _python_of(after)
    return [
        r
        for r in after
        if (moved and r.noarch.python) or (r.name.normalized, str(r.version), str(r.build), r.subdir) not in have
    ]


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
    new = change.fingerprint is None
    _require_states(change)
    change.prefix.parent.mkdir(parents=True, exist_ok=True)
    try:
        watcher.phase("link" if not new else "download")
        source = None if new else change.prefix
        before = await asyncio.to_thread(prefix.records, source) if source else []
        asked = prefix.requested_specs(source) if source else {}
        coming = changed_records(before, change.records)
        kept = {r.name.normalized for r in change.records} - {r.name.normalized for r in coming}
        staying = [record for record in before if record.name.normalized in kept]
        snapshot = staging.Snapshot()
        if source is not None:
            # What will be replaced is not even cloned: most of the work of a change is unlinking and linking files.
            leaving = _files(before) - _files(staying)
            snapshot = await asyncio.to_thread(staging.clone, source, staged, leaving)
        await _link(change, staged, staying, coming, package_cache, bytecode_store, client, watcher)
        after = await asyncio.to_thread(prefix.records, staged)
        owned = _files(before) | _files(after)
        if change.copy_of is not None:
            theirs = owned | _files(await asyncio.to_thread(prefix.records, change.copy_of))
            await asyncio.to_thread(staging.carry_over, change.copy_of, staged, staging.Snapshot(), theirs)
            await asyncio.to_thread(relocation.rewrite, staged, change.copy_of, change.prefix, owned)
        if change.pypi:
            await asyncio.to_thread(pip.install, staged, change.prefix, change.pypi, owned)
        if change.copy_of is not None and change.moved is not None:
            before = await asyncio.to_thread(prefix.records, change.copy_of)
            await asyncio.to_thread(recording.carry_over, change.copy_of, staged)
        revision = await asyncio.to_thread(recording.record, change, staged, before, after, asked)
        if source is not None:
            await asyncio.to_thread(staging.carry_over, source, staged, snapshot, owned)
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


def _files(records: Iterable[PrefixRecord]) -> set[str]:
    """Return the paths inside a prefix (``/`` separators) that belong to packages: their files and their records."""
    files = {path.as_posix() for record in records for path in record.files}
    return files | {f"conda-meta/{r.name.normalized}-{r.version}-{r.build}.json" for r in records}


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
    installed: list[PrefixRecord],
    coming: list[RepoDataRecord],
    cache: Path,
    store: Path,
    client: Client | None,
    watcher: Watcher,
) -> None:
    """Link what is ``coming`` into the staged tree, which holds what is ``installed``; bytecode included."""
    sizes = await fetch_sizes(coming, cache)

    await asyncio.to_thread(_require_genuine, [r for r in coming if r.name.normalized in sizes])

    def report() -> None:
        watcher.progress(steps.snapshot())

    steps = InstallProgress(sizes, len(coming), report, watcher.phase)
    await rattler.install(
        list(change.records),
        staged,
        cache_dir=cache,
        installed_packages=installed or None,
        show_progress=False,
        client=client,
        reporter=cast("rattler.InstallerReporter", steps),  # it has the callbacks that are used
        alternative_target_prefix=change.prefix,
    )
    (staged / "conda-meta").mkdir(parents=True, exist_ok=True)  # an environment without packages
    moved = {record.name.normalized for record in coming}
    fresh = [r for r in await asyncio.to_thread(prefix.records, staged) if r.name.normalized in moved]
    await asyncio.to_thread(bytecode.add, staged, fresh, store)
    steps.compiled()


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
