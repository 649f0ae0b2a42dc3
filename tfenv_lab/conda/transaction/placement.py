"""How a new tree takes the place of what a prefix holds, and how that is finished where it was interrupted.

``swap``: one atomic exchange of directories. ``rename``: two renames, where a system or file system cannot exchange
(Windows, some network file systems). ``in-place``: entry by entry under a journal, where the prefix itself cannot be
replaced (a mount point, a parent that must not be written).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Literal

from ...disk import writes
from ...errors import Protected
from . import staging

Strategy = Literal["swap", "rename", "in-place"]

#: How a system says that it cannot exchange directories, or that this file system cannot.
CANNOT_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
#: In a staged tree: it is whole, and its entries are changing places with those of the prefix.
JOURNAL = f"{staging.MARK}journal"

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h
_RENAME_SWAP = 2  # macOS sys/stdio.h


def strategy_of(prefix: Path) -> Strategy:
    """Return how a change of ``prefix`` would be put in place.

    Tried, not guessed: two empty directories are exchanged where the change would be built. Raises Protected where
    nothing can be written there.
    """
    folder = staging.home(prefix)
    token = secrets.token_hex(4)
    one, other = (folder / f"{staging.MARK}probe-{token}-{n}" for n in "ab")
    try:
        one.mkdir()
        other.mkdir()
        if staging.is_fixed(prefix):
            return "in-place"
        exchange(one, other)
    except OSError as error:
        if error.errno not in CANNOT_EXCHANGE:
            raise Protected(f"The folder {folder} cannot be written.", str(error)) from error
        return "rename"
    finally:
        for path in (one, other):
            staging.discard(path)
    return "swap"


def _rename2(first: Path, second: Path) -> None:
    """Exchange two directories in one step, or raise OSError (ENOSYS where the system cannot)."""
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        call, arguments = (
            getattr(libc, "renamex_np", None),
            (os.fsencode(first), os.fsencode(second), _RENAME_SWAP),
        )
    else:
        call = getattr(libc, "renameat2", None)
        arguments = (_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE)
    if call is None:
        raise OSError(errno.ENOSYS, "this system cannot exchange two directories")
    if call(*arguments) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(first), None, str(second))


def exchange(staged: Path, prefix: Path) -> None:
    """Let two directories change places in one atomic system call, or raise OSError where the system cannot."""
    if sys.platform == "win32":
        raise OSError(errno.ENOSYS, "this system cannot exchange two directories")
    _rename2(staged, prefix)


def put(staged: Path, prefix: Path, aside: Path, trash: Path) -> None:
    """Put the whole tree ``staged`` in the place of ``prefix``, whose tree becomes ``trash``.

    Where that takes more than one step the old tree waits in ``aside``. A failure (OSError) leaves the old tree in
    place. A process that dies on the way leaves what ``mend`` finishes.
    """
    place = staging.real(prefix)
    if staging.is_fixed(prefix):
        _put_inside(staged, place, aside)
    else:
        try:
            exchange(staged, place)
        except OSError as error:
            if error.errno not in CANNOT_EXCHANGE:
                raise
            _rename_twice(staged, place, aside)
    # The change is done: a tree that cannot be renamed now is deleted under the name that it has.
    for old in (staged, aside):
        if old.is_dir():
            with contextlib.suppress(OSError):
                old.rename(trash)


def _rename_twice(staged: Path, place: Path, aside: Path) -> None:
    place.rename(aside)
    try:
        staged.rename(place)
    except OSError:
        aside.rename(place)
        raise


def mend(staged: Path, prefix: Path, aside: Path) -> None:
    """Finish what ``put`` had begun when its process died; nothing happens where it had not.

    A tree that stepped aside is never put back. If what should take its place is gone, it did take it, and somebody
    has removed the environment since.
    """
    if (staged / JOURNAL).is_file():
        _take_places(staged, staging.real(prefix), aside)
    elif is_begun(staged, prefix, aside):
        staged.rename(prefix)


def is_begun(staged: Path, prefix: Path, aside: Path) -> bool:
    """Tell whether a tree is on its way to its place: then it must not be deleted but mended."""
    is_between = aside.is_dir() and staged.is_dir() and not os.path.lexists(prefix)
    return is_between or (staged / JOURNAL).is_file()


def _put_inside(staged: Path, prefix: Path, aside: Path) -> None:
    coming = {entry.name for entry in staged.iterdir()}
    leaving = [e.name for e in prefix.iterdir() if e.name not in coming and not e.name.startswith(staging.MARK)]
    aside.mkdir()
    writes.replace(staged / JOURNAL, json.dumps(leaving))
    try:
        _take_places(staged, prefix, aside)
    except OSError:
        if not any(aside.iterdir()):
            (staged / JOURNAL).unlink()
        raise


def _take_places(staged: Path, prefix: Path, aside: Path) -> None:
    """Do what the journal says and is not done yet: whatever still lies in ``staged`` has to move.

    A failure takes back what this call had moved.
    """
    leaving = json.loads((staged / JOURNAL).read_text(encoding="utf-8"))
    moved: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        if os.path.lexists(source):
            source.rename(target)
            moved.append((source, target))

    try:
        for name in [entry.name for entry in staged.iterdir() if entry.name != JOURNAL]:
            move(prefix / name, aside / name)
            move(staged / name, prefix / name)
        for name in leaving:
            move(prefix / name, aside / name)
    except OSError:
        for source, target in reversed(moved):
            target.rename(source)
        raise
    (staged / JOURNAL).unlink()
