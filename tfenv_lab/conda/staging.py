"""Directories beside a prefix, or inside one that cannot be replaced: where changes are built, what is left to collect.

Everything of ours is named ``.tfenv-<role>-<id>-<name>`` (role ``new`` or ``old``), so that it
can be told from what belongs to anybody else. ``new`` holds an environment being built, ``old`` one that was replaced
or removed and waits to be deleted.
"""

from __future__ import annotations

import errno
import os
import shutil
import time
from collections.abc import Callable, Iterable
from pathlib import Path

MARK = ".tfenv-"
META = "conda-meta"
#: How often, and after how many seconds, the deletion of a tree that somebody writes into is tried again.
_ATTEMPTS, _PAUSE = 20, 0.05


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


def trash_path(prefix: Path, token: str) -> Path:
    """Return where what ``prefix`` held is put before it is deleted."""
    return home(prefix) / f"{MARK}old-{token}-{real(prefix).name}"


def discard(path: Path) -> None:
    """Delete a tree of ours, whatever its permissions; nothing happens where it is gone already.

    A thread of the engine that still writes into it is given a moment to end.
    """

    def retry(function: Callable[..., object], name: str, _info: object) -> None:
        # A read-only directory inside the tree refuses the removal of its entries.
        parent = Path(name).parent
        for place in (parent, Path(name)):
            if place.exists() and not place.is_symlink():
                place.chmod(place.stat().st_mode | 0o700)
        if Path(name).exists() or Path(name).is_symlink():
            function(name)

    if path.is_symlink() or path.is_file():
        path.unlink()
        return
    for attempts_left in reversed(range(_ATTEMPTS)):
        if not path.is_dir():
            return
        try:
            shutil.rmtree(path, onerror=retry)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.ENOENT) or not attempts_left:
                raise
            time.sleep(_PAUSE)


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
            if not entry.name.startswith(MARK) or len(parts) != 3 or parts[0] not in ("new", "old"):
                continue
            if hasattr(os, "getuid") and entry.stat(follow_symlinks=False).st_uid != os.getuid():
                continue
            inside = folder.name == parts[2] and is_fixed(folder)
            found.add((parts[1], folder if inside else folder / parts[2]))
    return found
