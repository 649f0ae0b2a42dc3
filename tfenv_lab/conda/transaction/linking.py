"""Link packages into a tree, from the package cache or from their channels."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit
from urllib.request import url2pathname

import rattler
from rattler import Client, PackageCache, PrefixRecord, RepoDataRecord

from ...disk.reads import BoundedReads
from ...errors import ChannelUnreachable, JobFailed
from ...models import Phase
from ...sentences import say
from ...stalls import LOOKS, WatchedDownloads
from ..prefix.files import altered_in
from ..prefix.records import load_json, names_of, record_stem
from . import local_packages, package_cache, staging
from .engaged import HINT, Engaged
from .gate import Gate
from .package_paths import PackagePaths
from .package_rules import refusal, site_packages
from .progress import InstallProgress, Progress

_SCRIPT = re.compile(r"(bin|Scripts)/\.[^/]+-post-link\.(sh|bat)")


async def fetch_sizes(records: Iterable[RepoDataRecord], cache: Path) -> dict[str, int]:
    """Return the bytes to download by package name, for records that are not in the package cache.

    An unknown size is 0. A cache on a drive that does not answer counts as empty.
    """
    index = await PackageCache(cache).index() if await _answers(cache) else None
    return {
        record.name.normalized: record.size or 0
        for record in records
        if index is None or not index.contains_record(record)
    }


async def discard_damaged(records: Iterable[RepoDataRecord], cache: Path) -> list[Path]:
    """Throw away the damaged packages among these in the package cache, and return their paths."""
    if not await _answers(cache):
        return []
    return await asyncio.to_thread(package_cache.discard_damaged, records, cache)


async def _answers(cache: Path) -> bool:
    return (await _is_folder.gather([cache]))[cache] is True


_is_folder: BoundedReads[Path, bool] = BoundedReads(Path.is_dir)


def damaged(records: Iterable[RepoDataRecord], cache: Path) -> list[RepoDataRecord]:
    """Return the records whose unpacked packages in the cache have missing or altered files. Reads every file.

    A program that edits a file in an environment also edits the cached file, because they are hard links.
    """
    found = []
    for record in records:
        unpacked = cache / record_stem(record)
        paths = load_json(unpacked / "info" / "paths.json").get("paths")
        if isinstance(paths, list) and altered_in(unpacked, paths):
            found.append(record)
    return found


def discard(records: Iterable[RepoDataRecord], cache: Path) -> None:
    """Remove unpacked packages from the cache, so that they are downloaded again. Raises JobFailed if that fails."""
    for record in records:
        unpacked = cache / record_stem(record)
        aside = unpacked.with_name(f"{staging.MARK}damaged-{secrets.token_hex(8)}")
        try:
            unpacked.rename(aside)
        except OSError as error:
            raise JobFailed(
                say(
                    "The package cache has a damaged copy of {record_stem} that cannot be removed.",
                    record_stem=record_stem(record),
                ),
                str(error),
                hint=say("Delete {unpacked}, then try again.", unpacked=unpacked),
            ) from error
        with contextlib.suppress(OSError):
            staging.discard(aside)


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
    engaged: Engaged,
    linked: Callable[[str, Iterable[str]], None] = lambda name, files: None,
) -> None:
    """Link all ``records`` except those ``staying`` into ``tree``, which will be moved to ``prefix``.

    ``kept`` are the files of the packages that stay; they are in ``begins_with`` and in its clone, ``tree``. ``linked``
    is called, from any thread, with the name and the files of each package that is linked. Raises JobFailed if a
    package's hash is wrong or if it would write outside the prefix, and any error of rattler.
    """
    await asyncio.to_thread(_require_genuine, [r for r in records if r.name.normalized in steps.sizes])
    stay = names_of(staying)
    stems = {r.name.normalized: record_stem(r) for r in records if r.name.normalized not in stay}
    for stem in stems.values():
        if re.search(r"[/\\\0]", stem):
            raise refusal(stem, say("its name cannot be a file name"))
    gate = Gate(
        steps,
        stems,
        PackagePaths(prefix, begins_with, kept, site_packages(records)),
        tree,
        begins_with is not None,
        kept,
        cache,
        engaged,
        linked,
    )
    try:
        work = rattler.install(
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
        fetched = [record for record in records if record.name.normalized in steps.sizes]
        async with local_packages.followed(fetched, steps.on_read, gate.look):
            await _watched(work, steps.downloads)
    except Exception as error:
        if gate.refused is not None:
            raise gate.refused from error
        if "panicked" in str(error):
            told = say("The engine failed{clause}. Nothing was changed.", clause=engaged.now().clause)
            raise JobFailed(told, str(error), HINT) from error
        raise
    if gate.refused is not None:
        raise gate.refused
    await asyncio.to_thread(gate.require_links_inside)


async def _watched(work: Awaitable[object], downloads: WatchedDownloads) -> None:
    """Wait for ``work``. If its downloads stall, cancel it and raise ChannelUnreachable."""
    running = asyncio.ensure_future(work)
    try:
        while not (await asyncio.wait({running}, timeout=downloads.limit / LOOKS))[0]:
            stalled = downloads.stalled()
            if stalled is not None:
                hint = say("Check the server's network and proxy, then try again.")
                raise ChannelUnreachable(say("{stalled} Nothing was changed.", stalled=stalled), hint=hint)
        running.result()
    finally:
        running.cancel()


def progress(
    sizes: Mapping[str, int],
    coming: Iterable[RepoDataRecord],
    cloned: int,
    cache: Path,
    changed: Callable[[Progress], None],
    phase: Callable[[Phase], None],
    wheels: Iterable[str] = (),
) -> InstallProgress:
    """Return the progress of a change that links the packages ``coming``; ``cloned`` is the number of cloned files.

    ``sizes`` are the bytes to download by package name. ``changed`` and ``phase`` are called with updates. ``wheels``
    are the names of the packages from an index.
    """
    records = list(coming)
    unpacked = {record.name.normalized: cache / record_stem(record) for record in records}
    downloads = WatchedDownloads({record.name.normalized: record.url for record in records})

    def files_of(name: str) -> int | None:
        try:
            paths = unpacked[name] / "info" / "paths.json"
            # This package is not validated yet; reading a pipe would never end.
            return paths.read_bytes().count(b'"_path"') if paths.is_file() else None
        except (OSError, KeyError):
            return None

    return InstallProgress(sizes, [*unpacked, *wheels], files_of, cloned, changed, phase, downloads)


def scripts(files: Iterable[str]) -> list[str]:
    """Return the scripts among a package's files that conda would run after linking; nothing here runs them."""
    return sorted(path for path in files if _SCRIPT.fullmatch(path))


def _require_genuine(records: Iterable[RepoDataRecord]) -> None:
    """Raise JobFailed if the hash of a package file on this machine differs from its channel's, or if it is missing.

    rattler verifies its downloads, but not ``file://`` packages.
    """
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        list(threads.map(_require_hash, records))


def _require_hash(record: RepoDataRecord) -> None:
    split = urlsplit(record.url)
    wanted = record.sha256 or record.md5
    if split.scheme != "file" or wanted is None:
        return
    path = Path(url2pathname(split.path))
    digest = hashlib.sha256() if record.sha256 else hashlib.md5(usedforsecurity=False)
    try:
        with path.open("rb") as package:
            while chunk := package.read(1 << 20):
                digest.update(chunk)
    except FileNotFoundError as error:
        hint = say("Review the change again. If the file is missing again, tell the maintainer of the channel.")
        text = say("The channel has no file {path}. Nothing was changed.", path=path)
        raise JobFailed(text, str(error), hint) from error
    if digest.digest() != wanted:
        raise JobFailed(
            say("The hash of the package {name} differs from its channel's. Nothing was changed.", name=path.name)
        )
