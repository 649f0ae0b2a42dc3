"""Replace a prefix's tree with a new one, and finish a replacement that was interrupted.

There are three strategies. ``swap``: one atomic exchange of the directories. ``rename``: two renames, if the operating
system or file system cannot exchange directories (Windows, some network file systems). ``in-place``: entry by entry
with a journal, if the prefix itself cannot be replaced (a mount point, or a parent directory without write permission).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import secrets
import stat
import sys
from pathlib import Path
from typing import Literal

from ... import serde
from ...disk import faults, writes
from ...errors import Protected
from ...sentences import joined, say
from . import staging

Strategy = Literal["swap", "rename", "in-place"]

#: Errors of an operating system or file system that cannot exchange directories.
CANNOT_EXCHANGE = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
#: Journal in a complete staged tree; present while its entries are swapped into the prefix.
JOURNAL = f"{staging.MARK}journal"

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2  # linux/fs.h
_RENAME_SWAP = 2  # macOS sys/stdio.h


def strategy_of(prefix: Path) -> Strategy:
    """Return the strategy for a change of ``prefix``.

    This tries to exchange two empty directories in the directory where the change would be built. Raises Protected if
    that directory is not writable.
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
            raise Protected(
                joined("", (faults.fault(folder) or say("{folder} is not writable", folder=folder), ".")), str(error)
            ) from error
        return "rename"
    finally:
        for path in (one, other):
            staging.discard(path)
    return "swap"


def rename2(first: Path, second: Path) -> None:
    """Exchange two directories in one step, or raise OSError (ENOSYS if the operating system cannot)."""
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
    """Exchange two directories in one atomic system call, or raise OSError if the operating system cannot."""
    if sys.platform == "win32":
        raise OSError(errno.ENOSYS, "this system cannot exchange two directories")
    rename2(staged, prefix)


def put(staged: Path, prefix: Path, aside: Path, trash: Path) -> None:
    """Replace the tree at ``prefix`` with the complete tree ``staged``; the old tree becomes ``trash``.

    If this takes more than one step, the old tree is in ``aside`` meanwhile. A failure (OSError) leaves the old tree in
    place. If the process dies in between, ``mend`` finishes the replacement.
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
    # The change is complete. A tree that cannot be renamed now is deleted later under its present name.
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
    """Finish a replacement that ``put`` had started when its process died, if there is one.

    A tree that was moved to ``aside`` is never put back. If the staged tree is gone, it had already replaced the
    prefix, and the environment has been removed since.
    """
    if (staged / JOURNAL).is_file():
        _take_places(staged, staging.real(prefix), aside)
    elif is_begun(staged, prefix, aside):
        staged.rename(staging.real(prefix))


def is_begun(staged: Path, prefix: Path, aside: Path) -> bool:
    """Return whether a replacement was started; then ``mend`` must finish it, and the tree must not be deleted."""
    # If the prefix is a symbolic link, the link stays and only its target is missing.
    is_between = aside.is_dir() and staged.is_dir() and not os.path.lexists(staging.real(prefix))
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
    """Carry out the rest of the journal: move all that is still in ``staged`` to the prefix.

    On failure, the moves of this call are undone.
    """
    leaving = serde.parse((staged / JOURNAL).read_text(encoding="utf-8"))
    moved: list[tuple[Path, Path]] = []

    def move(source: Path, target: Path) -> None:
        if os.path.lexists(source):
            _rename(source, target)
            moved.append((source, target))

    try:
        for name in [entry.name for entry in staged.iterdir() if entry.name != JOURNAL]:
            move(prefix / name, aside / name)
            move(staged / name, prefix / name)
        for name in leaving:
            move(prefix / name, aside / name)
    except OSError:
        for source, target in reversed(moved):
            _rename(target, source)
        raise
    (staged / JOURNAL).unlink()


def _rename(source: Path, target: Path) -> None:
    """Rename an entry to another directory; its ``..`` changes, so it must be writable itself for a moment."""
    try:
        source.rename(target)
    except PermissionError:
        mode = stat.S_IMODE(source.lstat().st_mode)
        if source.is_symlink() or not source.is_dir() or mode & stat.S_IWUSR:
            raise
        source.chmod(mode | stat.S_IWUSR)
        try:
            source.rename(target)
        except OSError:
            source.chmod(mode)
            raise
        target.chmod(mode)
