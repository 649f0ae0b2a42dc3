"""Name, find and delete the directories of changes, next to a prefix or inside one that cannot be replaced.

Each is named ``.tfenv-<role>-<id>-<name>``, so that it cannot be confused with other programs' files. ``new`` is an
environment that is being built. ``old`` is a tree that was moved aside during a replacement, which can be finished from
it. ``trash`` is a tree to delete. It gets that name before its first file is deleted, so trash is never put back.
``kept`` is a directory with a deleted environment that can still be restored (``set_aside.py``).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import shutil
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...sentences import megabytes, say, say_n

MARK = ".tfenv-"
META = "conda-meta"
ROLES = ("new", "old", "trash", "kept")
#: Number of attempts to delete a tree that another process writes to, and the seconds between them.
_ATTEMPTS, _PAUSE = 20, 0.05
#: Errors of deleting a tree while another process writes to it or deletes it too.
_PASSING = (errno.ENOTEMPTY, errno.EEXIST, errno.ENOENT)


def real(prefix: Path) -> Path:
    """Return the directory of a prefix; if the prefix is a symbolic link, its target."""
    return prefix.resolve() if prefix.is_symlink() else prefix


def is_fixed(prefix: Path) -> bool:
    """Return whether an existing prefix cannot be replaced: a mount point, or its parent directory is not writable."""
    place = real(prefix)
    return place.is_dir() and (os.path.ismount(place) or not os.access(place.parent, os.W_OK | os.X_OK))


def home(prefix: Path) -> Path:
    """Return the directory for our files about a prefix: its parent, or itself if it cannot be replaced."""
    return real(prefix) if is_fixed(prefix) else real(prefix).parent


def staging_path(prefix: Path, token: str) -> Path:
    """Return the directory in which the job ``token`` builds the new tree of ``prefix``."""
    return home(prefix) / f"{MARK}new-{token}-{real(prefix).name}"


def aside_path(prefix: Path, token: str) -> Path:
    """Return the directory for the old tree of ``prefix`` while a replacement takes several steps."""
    return home(prefix) / f"{MARK}old-{token}-{real(prefix).name}"


def trash_path(prefix: Path, token: str) -> Path:
    """Return the directory in which a tree waits for its deletion."""
    return home(prefix) / f"{MARK}trash-{token}-{real(prefix).name}"


def kept_path(prefix: Path, token: str) -> Path:
    """Return the directory that holds a deleted environment as long as it can be restored.

    The environment is one level below it, because conda lists every directory next to a prefix that has packages.
    """
    return prefix.parent / f"{MARK}kept-{token}-{prefix.name}"


@dataclass(frozen=True)
class Leftover:
    """Remains of a tree that could not be deleted: files and bytes below ``path``, and the first failure's reason."""

    path: str
    files: int
    bytes: int
    reason: str

    def describe(self) -> str:
        """Return sentences for the user: how much is left, where and why, and when the deletion is tried again."""
        files = say_n("{count} file", "{count} files", self.files) if self.files else say("A directory")
        size = f" ({megabytes(self.bytes)})" if self.files else ""
        return say(
            "{files}{size} could not be deleted from {path} ({reason}). No environment uses this "
            "directory anymore. The server tries again after the next job and when it starts; "
            "you can also delete it yourself.",
            files=files,
            size=size,
            path=self.path,
            reason=self.reason,
        )


def discard(path: Path) -> Leftover | None:
    """Delete one of our trees, regardless of its permissions, and return what could not be deleted, or None.

    Everything that can be deleted is deleted, except what is mounted in the tree; a tree that does not exist is no
    error. The deletion is repeated for a moment, because a thread of rattler may still be writing to the tree.
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
    """Delete what can be deleted; return the failures, and whether a directory became writable for another attempt."""
    failures: list[OSError] = []
    opened = False

    def note(_function: Callable[..., Any], name: str, info: tuple[Any, BaseException, Any]) -> None:
        nonlocal opened
        error = info[1]
        if not isinstance(error, OSError):
            raise error
        failures.append(OSError(error.errno, error.strerror, name))
        # Entries of a directory cannot be removed if its owner may not write to it or enter it.
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
        mounts = _mounts_below(path)
        # A mounted file system is not part of the environment.
        failures += [OSError(errno.EBUSY, "a file system is mounted here", os.fspath(mount)) for mount in mounts]
        _remove_around(path, mounts, note)
    return failures, opened


def _remove_around(folder: Path, mounts: Collection[Path], note: Callable[..., None]) -> None:
    """Delete a directory, except the ``mounts`` in it and the directories above them."""
    if not any(mount.is_relative_to(folder) for mount in mounts):
        shutil.rmtree(folder, onerror=note)
    elif folder not in mounts:
        for entry in sorted(folder.iterdir()):
            if entry.is_dir() and not entry.is_symlink():
                _remove_around(entry, mounts, note)
            else:
                try:
                    entry.unlink(missing_ok=True)
                except OSError as error:
                    note(os.unlink, os.fspath(entry), (type(error), error, None))


def _mounts_below(path: Path) -> list[Path]:
    """Return the mount points below ``path``; none where the system has no list of them (only Linux has)."""
    base = os.path.realpath(path)
    try:
        lines = Path("/proc/self/mountinfo").read_bytes().splitlines()
    except OSError:
        return []
    # Spaces and backslashes are octal escapes (proc(5)).
    texts = (re.sub(rb"\\([0-7]{3})", lambda found: bytes([int(found[1], 8)]), line.split(b" ")[4]) for line in lines)
    found = {os.fsdecode(text) for text in texts}
    return sorted(path / mount[len(base) + 1 :] for mount in found if mount.startswith(f"{base}{os.sep}"))


def _measure(path: Path) -> tuple[int, int]:
    """Return the number of files in a tree and their bytes, as far as it can be read."""
    files = size = 0
    mounts = _mounts_below(path)
    for folder, folders, names in os.walk(path):
        folders[:] = [name for name in folders if Path(folder, name) not in mounts]
        for name in names:
            with contextlib.suppress(OSError):
                size += Path(folder, name).lstat().st_size
                files += 1
    return files, size


def leftovers(prefixes: Iterable[Path]) -> set[tuple[str, Path]]:
    """Return ``(token, prefix)`` of the directories that this user's jobs left next to or inside prefixes."""
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
