"""Measure what a plan costs: bytes to download, bytes on disk, and the space that must be free."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .. import serde
from ..conda.prefix.records import names_of, record_name, record_stem
from ..disk import faults
from ..disk.reads import BoundedReads
from ..pypi import cache as uv
from ..pypi import installed
from . import footprint
from .room import Need

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from .solved import Solved


#: Ratio of unpacked to archived size; channels list only the size of an archive. Unpacked, conda-forge's packages of a
#: TensorFlow environment take about four times as much (measured on 65 packages: 340 MB of archives, 1.5 GB of files).
UNPACKED = 4.0


@dataclass(frozen=True)
class Sizes:
    """The sizes of a plan, in bytes.

    ``needs`` says how much space must be free, and where, while the plan is applied. ``complete`` is False if a record
    has no size; the numbers are then lower bounds. ``fetch`` names the packages that are not in the package cache.
    ``copied`` are the directories whose files are copied, because they cannot be hard-linked into the new tree.
    ``added`` is the space that the change takes in the caches and in the environment, ``shared`` is that of files that
    are there already, and ``freed`` that of files that leave and that nothing else shares. ``linked`` names the conda
    packages that are linked, and ``new_wheels`` the projects that are installed from an index.
    """

    download: int
    install: int
    needs: tuple[Need, ...]
    complete: bool
    fetch: frozenset[str] = frozenset()
    copied: tuple[Path, ...] = ()
    added: int = 0
    shared: int = 0
    freed: int = 0
    linked: frozenset[str] = frozenset()
    new_wheels: frozenset[str] = frozenset()

    @property
    def needed(self) -> int:
        """The space that must be free, if all directories are on one file system."""
        return sum(need.bytes for need in self.needs)


class Unpacked(NamedTuple):
    """The bytes of a package's files, and those of the files that contain the prefix and so are written anew."""

    size: int
    own: int


def _unpacked(cache: Path, record: RepoDataRecord) -> Unpacked | None:
    """Return the sizes of a package's files, or None if it is not unpacked in the cache."""
    try:
        paths = serde.parse((cache / record_stem(record) / "info" / "paths.json").read_bytes())["paths"]
        own = sum(entry.get("size_in_bytes") or 0 for entry in paths if entry.get("prefix_placeholder"))
        return Unpacked(sum(entry.get("size_in_bytes") or 0 for entry in paths), own)
    except (OSError, ValueError, KeyError, TypeError):
        return None


async def measure(solved: Solved, cache: Path, uv_cache: Callable[[], Path]) -> Sizes:
    """Return what it costs to apply a solved request with this package cache.

    A copy shares the files of its original: only packages that contain their prefix are linked again and downloaded.
    ``uv_cache`` returns the directory of uv's cache; it may read the disk.
    """
    from ..conda.transaction.linking import damaged, fetch_sizes
    from ..conda.transaction.start import changed_records

    bound = await asyncio.to_thread(_bound, solved.source, solved.prefix) if solved.source else frozenset[str]()
    again = [record for record in solved.after if record.name.normalized in solved.relinked]
    linked = changed_records(solved.before, solved.after, bound | set(map(record_name, again)))
    fetch = await fetch_sizes(linked, cache)
    for record in await asyncio.to_thread(damaged, again, cache):
        fetch[record.name.normalized] = record.size or 0
    sizes = await asyncio.to_thread(_sum, solved, linked, fetch, cache)
    return await asyncio.to_thread(_with_wheels, sizes, solved, uv_cache) if solved.distributions else sizes


def _bound(place: Path, new: Path) -> frozenset[str]:
    from ..conda.prefix.records import contents
    from ..conda.transaction.start import bound_to

    return bound_to(place, contents(place), new)


def _sum(solved: Solved, linked: Sequence[RepoDataRecord], fetch: dict[str, int], cache: Path) -> Sizes:
    download = sum(fetch.values())
    install = in_cache = in_tree = added = common = 0
    complete = True
    anew = names_of(linked)
    begins_with = solved.source or (solved.prefix if solved.before else None)
    sources = {True: cache if linked else None, False: begins_with}
    shared = {is_new: place is None or _can_share(place, solved.prefix) for is_new, place in sources.items()}
    for record in linked if solved.source is None and shared[False] else solved.after:
        name = record.name.normalized
        known = None if name in fetch else _unpacked(cache, record)
        size = known.size if known is not None else int((record.size or 0) * UNPACKED)
        complete = complete and (known is not None or record.size is not None)
        if solved.source is not None or name in anew:
            install += size
        # The cache holds unpacked packages, whose files environments on the same file system share.
        if name in fetch:
            in_cache += size + (record.size or 0)
        if not shared[name in anew]:
            in_tree += size
        if name in anew:
            # What is fetched is new in the cache; what the environment cannot share with the cache is new there.
            own = size if not shared[True] else known.own if known is not None else 0
            added += own + (size if name in fetch else 0)
            common += 0 if name in fetch else size - own
    if solved.source is not None:
        copy = footprint.of_copy(solved, linked, shared[False])
        added, common, freed = added + copy.own, common + copy.shared, copy.freed
    else:
        freed = footprint.freed(solved, linked)
    copied = tuple(place for is_new, place in sources.items() if place is not None and not shared[is_new])
    needs = (Need(str(cache), in_cache), Need(str(solved.prefix.parent), in_tree))
    return Sizes(download, install, needs, complete, frozenset(fetch), copied, added, common, freed, frozenset(anew))


def _with_wheels(sizes: Sizes, solved: Solved, uv_cache: Callable[[], Path]) -> Sizes:
    """Add the packages from an index: uv keeps what it unpacks, and shares the files with environments if it can."""
    from ..conda.prefix.pypi import site_packages
    from ..conda.transaction.start import python_moves
    from ..conda.transaction.wheels import coming

    place = uv_cache()
    new = coming(solved.distributions_before, solved.distributions, python_moves(solved.before, solved.after))
    is_new = {each.name for each in new}
    begins_with = solved.source or solved.prefix
    shared = {True: not new or _can_share(place, solved.prefix), False: _can_share(begins_with, solved.prefix)}
    folder = site_packages(begins_with)
    there = installed.dist_infos(folder) if folder else {}
    download, install, complete = sizes.download, sizes.install, sizes.complete
    in_cache = in_tree = 0
    added, common = sizes.added, sizes.shared
    for each in solved.distributions:
        known = there.get(each.name) if each.name not in is_new else None
        unpacked = installed.size(known) if known else uv.unpacked_size(each, place)
        size = unpacked if unpacked is not None else int((each.size or 0) * UNPACKED)
        fetched = each.name in is_new and unpacked is None
        if fetched:
            download += each.size or 0
            complete = complete and each.size is not None
            in_cache += size
        if not shared[each.name in is_new]:
            in_tree += size
        if solved.source is not None or each.name in is_new:
            install += size
        if each.name in is_new:
            added += size * (fetched + (not shared[True]))
            common += size if shared[True] and not fetched else 0
    copied = sizes.copied if shared[True] else (*sizes.copied, place)
    needs = (*sizes.needs, Need(str(place), in_cache), Need(str(solved.prefix.parent), in_tree))
    names = frozenset(is_new)
    return Sizes(
        download, install, needs, complete, sizes.fetch, copied, added, common, sizes.freed, sizes.linked, names
    )


def _can_share(source: Path, prefix: Path) -> bool:
    pair = (source, prefix)
    return _linking.run([pair])[pair] is True


def _can_link(pair: tuple[Path, Path]) -> bool:
    source, prefix = pair
    # A file of the environment itself: another user's may not be linked, even on the same file system.
    history = source / "conda-meta" / "history"
    return faults.can_link(history if source != prefix and os.path.lexists(history) else source, prefix.parent)


#: A drive that does not answer shares nothing.
_linking = BoundedReads(_can_link)
