"""Packages from the cache, or from their channel, into a tree."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import rattler
from rattler import Client, PackageCache, PrefixRecord, RepoDataRecord

from ..errors import JobFailed
from ..models import Phase
from .progress import InstallProgress, Progress
from .records import record_name

_SCRIPT = re.compile(r"(bin|Scripts)/\.[^/]+-post-link\.(sh|bat)")


async def fetch_sizes(records: Iterable[RepoDataRecord], cache: Path) -> dict[str, int]:
    """Return bytes to fetch by package name: the records that are not in the package cache (size 0 if unknown)."""
    index = await PackageCache(cache).index() if cache.is_dir() else None
    return {
        record.name.normalized: record.size or 0
        for record in records
        if index is None or not index.contains_record(record)
    }


async def link(
    records: Sequence[RepoDataRecord],
    tree: Path,
    prefix: Path,
    *,
    staying: Collection[PrefixRecord],
    cache: Path,
    client: Client | None,
    steps: InstallProgress,
) -> None:
    """Link packages into ``tree``, which will stand at ``prefix``: all of ``records`` but what is ``staying``.

    Raises JobFailed where a package is not what its channel says, and what rattler raises.
    """
    await asyncio.to_thread(_require_genuine, [r for r in records if r.name.normalized in steps.sizes])
    await rattler.install(
        list(records),
        tree,
        cache_dir=cache,
        installed_packages=list(staying),
        ignored_packages={record.name.normalized for record in staying},
        show_progress=False,
        client=client,
        reporter=cast("rattler.InstallerReporter", steps),  # it has the callbacks that are used
        alternative_target_prefix=prefix,
    )


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
            return (unpacked[name] / "info" / "paths.json").read_bytes().count(b'"_path"')
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
