"""Small files written whole, where somebody else may have put a link in their place."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path


def replace(path: Path, content: str | bytes) -> None:
    """Write a file in one step, in the place of whatever has its name; a link is replaced, never followed.

    A file that was there passes on its mode. Raises OSError where the folder cannot be written.
    """
    fresh = path.with_name(f".tfenv-{secrets.token_hex(8)}")
    try:
        create(fresh, content)
        with contextlib.suppress(FileNotFoundError):
            before = path.lstat()
            if stat.S_ISREG(before.st_mode):
                fresh.chmod(stat.S_IMODE(before.st_mode))
        fresh.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            fresh.unlink()
        raise


def create(path: Path, content: str | bytes) -> None:
    """Write a file that is not there yet. Raises FileExistsError where anything has its name, a link included."""
    # O_EXCL makes a new file or fails: neither a link nor a file that is shared by hard links is written through.
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(handle, "wb") as file:
        file.write(content.encode() if isinstance(content, str) else content)


def is_within(path: Path | str, folder: Path | str) -> bool:
    """Tell whether a path leads to something in a folder, or to the folder, once every link is followed."""
    real, base = os.path.realpath(path), os.path.realpath(folder)
    return real == base or real.startswith(base if base.endswith(os.sep) else base + os.sep)
