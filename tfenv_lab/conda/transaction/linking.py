"""Packages from the cache, or from their channel, into a tree."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import rattler
from rattler import Client, PackageCache, PrefixRecord, RepoDataRecord

from ...disk.reads import BoundedReads
from ...errors import JobFailed, TfenvError
from ...models import Phase
from ..prefix.records import record_name
from . import staging
from .package_paths import PackagePaths, refusal, site_packages
from .progress import InstallProgress, Progress

#: Seconds until a folder that could not be renamed is tried again.
_PAUSE = 0.05
_SCRIPT = re.compile(r"(bin|Scripts)/\.[^/]+-post-link\.(sh|bat)")


async def fetch_sizes(records: Iterable[RepoDataRecord], cache: Path) -> dict[str, int]:
    """Return bytes to fetch by package name: the records that are not in the package cache (size 0 if unknown)."""
    # One on a drive that does not answer has nothing to offer.
    has_cache = (await _is_folder.gather([cache]))[cache] is True
    index = await PackageCache(cache).index() if has_cache else None
    return {
        record.name.normalized: record.size or 0
        for record in records
        if index is None or not index.contains_record(record)
    }


_is_folder: BoundedReads[Path, bool] = BoundedReads(Path.is_dir)


async def link(
    records: Sequence[RepoDataRecord],
    tree: Path,
    prefix: Path,
    *,
    staying: Collection[PrefixRecord],
    begins_with: Path | None,
    kept: Collection[str],
    cache: Path,
    client: Client | None,
    steps: InstallProgress,
) -> None:
    """Link packages into ``tree``, which will stand at ``prefix``: all of ``records`` but what is ``staying``.

    ``kept`` are the files of what is staying, in ``begins_with`` and in its clone, the tree. Raises JobFailed where a
    package is not what its channel says or would write outside the prefix, and what rattler raises.
    """
    await asyncio.to_thread(_require_genuine, [r for r in records if r.name.normalized in steps.sizes])
    stay = {record.name.normalized for record in staying}
    stems = {r.name.normalized: record_name(r).removesuffix(".json") for r in records if r.name.normalized not in stay}
    for stem in stems.values():
        if re.search(r"[/\\\0]", stem):
            raise refusal(stem, "its name is no name of a file")
    gate = _Gate(
        steps,
        stems,
        PackagePaths(prefix, begins_with, kept, site_packages(records)),
        tree if begins_with is not None else None,
        kept,
        cache,
    )
    try:
        await rattler.install(
            list(records),
            tree,
            cache_dir=cache,
            installed_packages=list(staying),
            ignored_packages=stay,
            show_progress=False,
            client=client,
            reporter=cast("rattler.InstallerReporter", gate),  # it has the callbacks that are used
            alternative_target_prefix=prefix,
        )
    except Exception as error:
        if gate.refused is not None:
            raise gate.refused from error
        raise
    if gate.refused is not None:
        raise gate.refused


class _Gate:
    """rattler's reporter, which stands between the cache and the prefix: no package passes that was not looked at.

    rattler fetches, unpacks and links in one go and takes no answer from a reporter. But it reads what it links from
    the unpacked package: that of a refused one is taken out of the cache, and rattler has nothing to link, nor the
    list of folders to make. What is in the cache already it reads when it looks for the package there, so such a
    package is looked at before; a refused one is fetched anew, as it may be only the cached one that is bad.
    ``tree`` is the clone that is linked into, None where it is new; in it ``kept`` files stay.
    """

    def __init__(
        self,
        steps: InstallProgress,
        stems: Mapping[str, str],
        paths: PackagePaths,
        tree: Path | None,
        kept: Collection[str],
        cache: Path,
    ) -> None:
        self._steps, self._stems, self._paths = steps, stems, paths
        self._tree, self._kept, self._cache = tree, kept, cache
        self._admitted: dict[str, tuple[int, ...]] = {}
        self._refusals: dict[str, TfenvError] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._steps, name)

    @property
    def refused(self) -> TfenvError | None:
        """Why a package was refused, of several the first; None where all that came were admitted in the end."""
        return next(iter(self._refusals.values()), None)

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        if os.path.lexists(self._unpacked(package_name)):
            self._admit(package_name)
        return self._steps.on_populate_cache_start(operation, package_name)

    def on_link_start(self, operation: int, package_name: str) -> int:
        self._admit(package_name)
        return self._steps.on_link_start(operation, package_name)

    def _unpacked(self, name: str) -> Path:
        return self._cache / self._stems[name]

    def _admit(self, name: str) -> None:
        """Look at an unpacked package, unless that is done; one that is refused is gone afterwards."""
        try:
            status = (self._unpacked(name) / "info" / "index.json").lstat()
            mark = (status.st_dev, status.st_ino, status.st_mtime_ns)
            if self._admitted.get(name) != mark:
                files = self._paths.admit(self._stems[name], self._unpacked(name))
                self._make_way(files)
                self._admitted[name] = mark
            self._refusals.pop(name, None)
        except Exception as error:
            wrong = error if isinstance(error, TfenvError) else refusal(self._stems[name], "it cannot be read")
            wrong.__cause__ = wrong.__cause__ or (error if error is not wrong else None)
            self._refusals[name] = wrong
            _throw_away(self._unpacked(name))

    def _make_way(self, files: Iterable[str]) -> None:
        """Remove what people linked where a file of a package comes: it would be written through the link."""
        if self._tree is not None:
            for path in files:
                there = os.path.join(self._tree, path)  # noqa: PTH118 - thousands of them
                if os.path.islink(there) and path not in self._kept:  # noqa: PTH114
                    os.unlink(there)  # noqa: PTH108


def _throw_away(unpacked: Path) -> None:
    """Take an unpacked package out of the cache. Nothing goes on until it is gone; ending the process still helps."""
    aside = unpacked.with_name(f"{staging.MARK}refused-{secrets.token_hex(8)}")
    while os.path.lexists(unpacked):
        try:
            unpacked.rename(aside)
        except OSError:
            time.sleep(_PAUSE)  # Windows does not rename a folder while somebody looks into it
    with contextlib.suppress(OSError):
        staging.discard(aside)


def progress(
    sizes: Mapping[str, int],
    coming: Iterable[RepoDataRecord],
    cloned: int,
    cache: Path,
    changed: Callable[[Progress], None],
    phase: Callable[[Phase], None],
) -> InstallProgress:
    """Return the progress of a change in which packages are ``coming`` and so many files are ``cloned``.

    ``sizes`` are the bytes to fetch by package; ``changed`` and ``phase`` are told how it gets on.
    """
    unpacked = {record.name.normalized: cache / record_name(record).removesuffix(".json") for record in coming}

    def files_of(name: str) -> int | None:
        try:
            paths = unpacked[name] / "info" / "paths.json"
            # Nobody has looked at this package yet: a pipe would be read for ever.
            return paths.read_bytes().count(b'"_path"') if paths.is_file() else None
        except (OSError, KeyError):
            return None

    return InstallProgress(sizes, unpacked, files_of, cloned, changed, phase)


def scripts(files: Iterable[str]) -> list[str]:
    """Return the scripts among a package's files that conda would run after linking it. They are not run here."""
    return sorted(path for path in files if _SCRIPT.fullmatch(path))


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
