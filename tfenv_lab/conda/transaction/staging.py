"""Name, find and delete the directories that changes leave beside a prefix, or inside one that cannot be replaced.

Each is named ``.tfenv-<role>-<id>-<name>``, so that it cannot be mistaken for anybody else's. The role says what
becomes of it: ``new`` is an environment being built, ``old`` a tree that steps aside while its place is taken (an
interrupted change is finished from it), and ``trash`` a tree to delete. Trash is never put back: a tree gets that name
before its first file is deleted.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...sentences import megabytes

MARK = ".tfenv-"
META = "conda-meta"
ROLES = ("new", "old", "trash")
#: How often, and after how many seconds, the deletion of a tree that somebody writes into is tried again.
_ATTEMPTS, _PAUSE = 20, 0.05
#: What the deletion of a tree meets while somebody else writes into it or deletes it too.
_PASSING = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT)


def real(prefix: Path) -> Path:
    """Return the directory of a prefix: what it leads to where it is a symbolic link itself."""
    return prefix.resolve() if prefix.is_symlink() else prefix


def is_fixed(prefix: Path) -> bool:
    """Tell whether an existing prefix cannot be replaced as a whole: a mount point, or a parent not to be written."""
    place = real(prefix)
    return place.is_dir() and (os.path.ismount(place) or not os.access(place.parent, os.W_OK | os.X_OK))


def home(prefix: Path) -> Path:
    """Return the directory that holds what is ours of a prefix: the one beside it, or itself where that cannot be."""
    return real(prefix) if is_fixed(prefix) else real(prefix).parent


def staging_path(prefix: Path, token: str) -> Path:
    """Return where the environment that will become ``prefix`` is built by the job ``token``."""
    return home(prefix) / f"{MARK}new-{token}-{real(prefix).name}"


def aside_path(prefix: Path, token: str) -> Path:
    """Return where what ``prefix`` held stays while a change takes its place step by step."""
    return home(prefix) / f"{MARK}old-{token}-{real(prefix).name}"


def trash_path(prefix: Path, token: str) -> Path:
    """Return where a tree that is to be deleted waits for it."""
    return home(prefix) / f"{MARK}trash-{token}-{real(prefix).name}"


@dataclass(frozen=True)
class Leftover:
    """What could not be deleted of a tree: so many files and bytes below ``path``, and why (of the first failure)."""

    path: str
    files: int
    bytes: int
    reason: str

    def describe(self) -> str:
        """Return what a person has to know: how much is left, where, why, and what becomes of it."""
        files = {0: "A folder", 1: "1 file"}.get(self.files, f"{self.files} files")
        size = f" ({megabytes(self.bytes)})" if self.files else ""
        return (
            f"{files}{size} could not be deleted from {self.path} ({self.reason}). It belongs to no "
            "environment any more. The server tries again after the next job and when it starts; you can delete it too."
        )


def discard(path: Path) -> Leftover | None:
    """Delete a tree of ours, whatever its permissions, and return what could not be deleted, if anything.

    All that can be deleted is. Nothing happens where the tree is gone already. A thread of the engine that still
    writes into it is given a moment to end.
    """
    failures: list[OSError] = []
    for _ in range(_ATTEMPTS):
        failures, opened = _delete(path)
        if not os.path.lexists(path):
            return None
        if not opened and any(error.errno not in _PASSING for error in failures):
            break
        if not opened:
            time.sleep(_PAUSE)
    lasting = [error for error in failures if error.errno not in _PASSING] or failures
    files, size = _measure(path)
    reason = next((f"{error.filename}: {error.strerror}" for error in lasting), "")
    return Leftover(str(path), files, size, reason)


def _delete(path: Path) -> tuple[list[OSError], bool]:
    """Delete what can be deleted; return the failures, and whether a folder was opened that another try may enter."""
    failures: list[OSError] = []
    opened = False

    def note(_function: Callable[..., Any], name: str, info: tuple[Any, BaseException, Any]) -> None:
        nonlocal opened
        error = info[1]
        if not isinstance(error, OSError):
            raise error
        failures.append(OSError(error.errno, error.strerror, name))
        # A directory that its owner may not write or enter refuses the removal of its entries.
        for place in (Path(name).parent, Path(name)):
            with contextlib.suppress(OSError):
                mode = place.lstat().st_mode
                if place.is_dir() and not place.is_symlink() and mode & 0o700 != 0o700:
                    place.chmod(mode | 0o700)
                    opened = True

    if path.is_symlink() or path.is_file():
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            failures.append(error)
    elif path.is_dir():
        shutil.rmtree(path, onerror=note)
    return failures, opened


def _measure(path: Path) -> tuple[int, int]:
    """Return how many files a tree holds, and their bytes, as far as it can be read."""
    files = size = 0
    for folder, _, names in os.walk(path):
        for name in names:
            with contextlib.suppress(OSError):
                size += Path(folder, name).lstat().st_size
                files += 1
    return files, size


def leftovers(prefixes: Iterable[Path]) -> set[tuple[str, Path]]:
    """Return ``(token, prefix)`` of everything of this user's that jobs left beside or inside of prefixes."""
    found = set()
    for folder in {home(prefix) for prefix in prefixes}:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            continue
        for entry in entries:
            parts = entry.name[len(MARK) :].split("-", 2)
            if not entry.name.startswith(MARK) or len(parts) != 3 or parts[0] not in ROLES:
                continue
            with contextlib.suppress(FileNotFoundError):
                if hasattr(os, "getuid") and entry.stat(follow_symlinks=False).st_uid != os.getuid():
                    continue
            inside = folder.name == parts[2] and is_fixed(folder)
            found.add((parts[1], folder if inside else folder / parts[2]))
    return found
