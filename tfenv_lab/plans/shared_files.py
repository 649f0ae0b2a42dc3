"""Warn in a plan about files that two packages have, as far as their lists of files are on this machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..conda.prefix.records import record_stem
from ..errors import TfenvError
from ..models import Advice
from ..pypi import cache as uv
from ..pypi import installed
from ..pypi.models import MARK

if TYPE_CHECKING:
    from .sizes import Sizes
    from .solved import Solved


def warnings(solved: Solved, sizes: Sizes, cache: Path, uv_cache: Callable[[], Path]) -> list[Advice]:
    """Return the warnings. ``cache`` is the package cache, and ``uv_cache`` returns the directory of uv's cache.

    The files of installed packages are known, and those of packages in the caches. The job looks again before the swap,
    when it has all packages.
    """
    from ..conda.transaction import shared_files
    from ..conda.transaction.package_rules import site_packages
    from ..conda.transaction.shared_files import FileOwner, Files

    try:
        site = site_packages(solved.after)
    except TfenvError:
        # The job refuses this Python.
        return []
    known: dict[FileOwner, Files] = {}
    for record in solved.after:
        name = record.name.normalized
        if name in sizes.linked and name not in sizes.fetch:
            files = shared_files.of_package(cache / record_stem(record), site, bool(record.noarch.python))
            known[FileOwner(name, str(record.version))] = files
    place = uv_cache() if sizes.new_wheels else cache
    for each in solved.distributions:
        archive = uv.unpacked(each, place) if each.name in sizes.new_wheels else None
        if archive is not None:
            known[FileOwner(MARK + each.name, each.version)] = installed.hashes_of_wheel(archive, site)
    if not known:
        # Most packages are downloaded for the first time; the installed ones need not be read then.
        return []
    begins_with = solved.source or (solved.prefix if solved.before else None)
    after = {each.name.normalized for each in solved.after} | {MARK + each.name for each in solved.distributions}
    coming = sizes.linked | {MARK + name for name in sizes.new_wheels}
    there = shared_files.of_prefix(begins_with) if begins_with else {}
    staying = {owner: files for owner, files in there.items() if owner.name in after - coming}
    return list(shared_files.advice({**staying, **known}, coming))
