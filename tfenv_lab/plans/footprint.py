"""Measure what a change shares with the environment that it starts from, and what it frees there."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..conda.prefix.records import record_name
from ..space.service import size_of
from ..space.trees import allocated

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from .solved import Solved

#: Directory whose files a copy never shares.
_META = "conda-meta/"


class Footprint(NamedTuple):
    """Bytes that a new tree takes by itself, that it shares with the tree that it starts from, and that it frees."""

    own: int = 0
    shared: int = 0
    freed: int = 0


def of_copy(solved: Solved, linked: Sequence[RepoDataRecord], can_share: bool) -> Footprint:
    """Measure what a copy takes from its original; ``linked`` are the records that come from elsewhere.

    A copy shares all files except those that contain its prefix, the records and the directories.
    """
    from ..conda.prefix.records import contents
    from ..conda.transaction.wheels import InstalledWheels

    source = solved.source
    if source is None:
        return Footprint()
    found = contents(source)
    staying = {record_name(record) for record in solved.after} - {record_name(record) for record in linked}
    gone = {path for name, files in found.items() if name not in staying for path in files.files}
    wheels = InstalledWheels.of(source)
    leaving = {each.name for each in solved.distributions_before} - {each.name for each in solved.distributions}
    gone |= wheels.files_of(leaving)
    written = {path for name, files in found.items() if name in staying for path in files.written}
    own = shared = 0
    for path, status in _tree(source):
        if path not in gone:
            is_own = not can_share or path in written or path.startswith(_META) or stat.S_ISDIR(status.st_mode)
            size = allocated(status)
            own, shared = (own + size, shared) if is_own else (own, shared + size)
    freed = 0
    if solved.origin == "move":
        whole = size_of(source)
        freed = whole.bytes - whole.shared
    return Footprint(own, shared, freed)


def freed(solved: Solved, linked: Sequence[RepoDataRecord]) -> int:
    """Return the bytes that packages free that leave an environment or are replaced: files that nothing else shares."""
    from ..conda.prefix.records import contents
    from ..conda.transaction.wheels import InstalledWheels

    if solved.origin != "in_place":
        return 0
    staying = {record_name(record) for record in solved.after} - {record_name(record) for record in linked}
    gone = {path for name, files in contents(solved.prefix).items() if name not in staying for path in files.files}
    stay = {(each.name, each.version) for each in solved.distributions}
    leaving = {each.name for each in solved.distributions_before if (each.name, each.version) not in stay}
    leaving.update(solved.others_removed)
    gone |= InstalledWheels.of(solved.prefix, solved.others_removed).files_of(leaving)
    return sum(_own(solved.prefix, gone))


def _own(prefix: Path, files: Collection[str]) -> Iterator[int]:
    for path in files:
        with contextlib.suppress(OSError):
            status = os.lstat(f"{prefix}/{path}")
            if status.st_nlink == 1:
                yield allocated(status)


def _tree(top: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield everything in a tree, as paths inside it, without following links."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(f"{top}/{folder}"))
        except OSError:
            continue
        for entry in entries:
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                yield f"{folder}{entry.name}", status
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(f"{folder}{entry.name}/")
