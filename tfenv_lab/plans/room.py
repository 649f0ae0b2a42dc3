"""Verify that every file system to which a change writes has room for its bytes and files."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from ..disk import faults, temporary
from ..disk.reads import BoundedReads
from ..disk.space import free_bytes, free_files
from ..errors import NoSpace
from ..sentences import megabytes, say

#: Space to keep free in addition to what a change needs: a share of that, plus a number of bytes.
MARGIN, FLOOR = 0.05, 50_000_000
#: Bytes for the record and the log of a job, and for its temporary files.
_SMALL = 2_000_000
#: Bytes of a package for which at least one file is expected; conda-forge's files have half of that on average.
_BYTES_PER_FILE = 100_000
#: Number of files, in addition to those of packages: records, directories, locks.
_FEW_FILES = 100


@dataclass(frozen=True)
class Need:
    """The bytes that a change writes to a directory."""

    place: str
    bytes: int


class _Room(NamedTuple):
    """The file system of a directory, with its free bytes and files as far as they are known."""

    device: int
    bytes: int | None
    files: int | None


def require_room(needs: Iterable[Need], state: Path) -> None:
    """Raise NoSpace if the file systems of a change have too little room. A change that needs none always has room.

    Needs on one file system are added. ``state`` keeps the job. A drive that does not answer is not looked at.
    """
    wanted = [need for need in needs if need.bytes > 0]
    if not wanted:
        return
    small = [Need(str(place), _SMALL) for place in (state, temporary.folder())]
    found = _rooms.run({need.place for need in (*wanted, *small)})
    by_device: dict[int, list[Need]] = {}
    for need in (*wanted, *small):
        room = found[need.place]
        if isinstance(room, _Room):
            by_device.setdefault(room.device, []).append(need)
    for sharing in by_device.values():
        room = found[sharing[0].place]
        if isinstance(room, _Room):
            _require(room, sharing, is_small=all(need in small for need in sharing))


def _require(room: _Room, needs: Sequence[Need], *, is_small: bool) -> None:
    places = " and ".join(dict.fromkeys(need.place for need in needs if is_small or need.bytes != _SMALL))
    total = sum(need.bytes for need in needs)
    size = total if is_small else int(total * (1 + MARGIN)) + FLOOR
    if room.bytes is not None and room.bytes < size:
        raise NoSpace(
            say(
                "This change needs {size} in {places}, but only {size_2} are free there.",
                size=megabytes(size, 0),
                places=places,
                size_2=megabytes(room.bytes, 0),
            )
        )
    files = total // _BYTES_PER_FILE + _FEW_FILES
    if room.files is not None and room.files < files:
        raise NoSpace(
            say(
                "This change needs about {files} files in {places}, but only {files_2} more can be created there.",
                files=f"{files:,}",
                places=places,
                files_2=f"{room.files:,}",
            ),
            hint=say("Delete files on this file system, which limits their number, then try again."),
        )


def _room(place: str) -> _Room:
    path = Path(place)
    return _Room(os.stat(faults.nearest(path)).st_dev, free_bytes(path), free_files(path))  # noqa: PTH116


_rooms: BoundedReads[str, _Room] = BoundedReads(_room)
