"""List the entries of the package cache, of the store of bytecode and of uv's cache."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from ..conda.transaction.staging import MARK
from ..pypi import cache as uv


class CacheListing(NamedTuple):
    """The entries of a cache. ``rests`` are trees of ours that were to be deleted.

    ``wheels`` are the unpacked wheels of uv that it can find, and ``dangling`` those that it cannot. ``others`` are
    other directories and files of the cache.
    """

    entries: Sequence[str] = ()
    rests: Sequence[str] = ()
    wheels: Sequence[uv.CachedWheel] = ()
    dangling: Sequence[str] = ()
    others: Sequence[str] = ()


def packages(cache: str) -> CacheListing:
    """List a package cache: the unpacked packages in it."""
    found = list(_folders(cache))
    entries = [path for path in found if os.path.isfile(f"{path}/info/index.json")]  # noqa: PTH113 - hundreds of them
    return CacheListing(entries, [path for path in found if _is_rest(path)])


def bytecode(store: str) -> CacheListing:
    """List the store of bytecode: what is complete, by the tag of a Python and the package."""
    found = [path for tag in _folders(store) for path in _folders(tag)]
    entries = [path for path in found if os.path.lexists(f"{path}/.whole") and not _is_rest(path)]
    return CacheListing(entries, [path for path in found if _is_rest(path)])


def wheels(cache: str) -> CacheListing:
    """List the cache of uv."""
    known = list(uv.wheels(Path(cache)))
    named = {os.path.realpath(wheel.archive) for wheel in known} | set(uv.built(Path(cache)))
    tops = [path for path in _folders(cache) if not os.path.basename(path).startswith(uv.ARCHIVES)]  # noqa: PTH119
    archives = [path for top in Path(cache).glob(f"{uv.ARCHIVES}*") for path in _folders(os.fspath(top))]
    dangling = [path for path in archives if os.path.realpath(path) not in named]
    return CacheListing(entries=archives, wheels=known, dangling=dangling, others=tops)


def _folders(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return


def _is_rest(path: str) -> bool:
    return os.path.basename(path).startswith(MARK)  # noqa: PTH119
