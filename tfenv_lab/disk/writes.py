"""Write small files atomically and without following links that somebody else may have planted."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO


def replace(path: Path, content: str | bytes, *, private: bool = False) -> None:
    """Write a file in one step. An existing file or link of this name is replaced; a link is never followed.

    The new file keeps the mode of the file that it replaces; if it is ``private``, only its owner can read it. Raises
    OSError if the directory is not writable.
    """
    with replacing(path, private=private) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def make_private(folders: Iterable[Path]) -> None:
    """Take the permissions of other users from these directories and their files, as earlier versions created them.

    What is missing, a link, or another user's stays as it is, and so does a file with more hard links, which may belong
    to another directory, too.
    """
    for folder in folders:
        with contextlib.suppress(OSError):
            if _is_private(folder, stat.S_IFDIR, 0o700):
                # Other users can no longer replace the files in it, so each is the file that was looked at.
                for path in folder.iterdir():
                    _is_private(path, stat.S_IFREG, 0o600)


def _is_private(path: Path, kind: int, mode: int) -> bool:
    """Correct the mode of a directory or file of this user, and return whether the path is one."""
    found = path.lstat()
    if os.name == "nt" or stat.S_IFMT(found.st_mode) != kind or found.st_uid != os.getuid():
        return False
    if found.st_mode & 0o077 and (kind == stat.S_IFDIR or found.st_nlink == 1):
        path.chmod(mode)
    return True


@contextlib.contextmanager
def replacing(path: Path, *, private: bool = False) -> Iterator[BinaryIO]:
    """Open a new file that replaces ``path`` in one step at the end, as ``replace`` does, unless an error is raised."""
    fresh = path.with_name(f".tfenv-{secrets.token_hex(8)}")
    try:
        with _created(fresh, 0o600 if private else 0o666) as file:
            yield file
        with contextlib.suppress(FileNotFoundError):
            before = path.lstat()
            if stat.S_ISREG(before.st_mode) and not private:
                fresh.chmod(stat.S_IMODE(before.st_mode))
        fresh.replace(path)
    except BaseException as error:
        if isinstance(error, OSError) and error.filename is None:
            # A failed write does not name its file.
            error.filename = os.fspath(path)
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def create(path: Path, content: str | bytes, mode: int = 0o666) -> None:
    """Write a new file with this mode, less the umask. Raises FileExistsError if anything has its name, also a link."""
    with _created(path, mode) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def usual_mode(folder: Path) -> int:
    """Return the mode of a new file in a directory, as the umask or the directory's default permissions have it.

    Reading the umask would change it for a moment, also for other threads.
    """
    path = folder / f".tfenv-{secrets.token_hex(8)}"
    with _created(path, 0o666) as file:
        try:
            return stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        finally:
            path.unlink()


def _created(path: Path, mode: int) -> BinaryIO:
    # O_EXCL creates a new file or fails, so nothing is written through a link or into a file with other hard links.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    return os.fdopen(handle, "wb")


def is_within(path: Path | str, folder: Path | str) -> bool:
    """Return whether a path is the directory ``folder`` or inside it, once every link is resolved."""
    real, base = os.path.realpath(path), os.path.realpath(folder)
    return real == base or real.startswith(base if base.endswith(os.sep) else base + os.sep)
