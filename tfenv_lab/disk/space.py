"""How much room a file system has, and whether it can be written."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from .reads import BoundedReads


def free_bytes(path: Path) -> int | None:
    """Return the free bytes where ``path`` lies or will lie, or None where that cannot be known."""
    for place in (path, *path.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


def writable(path: Path) -> bool:
    """Tell whether a directory can be written, or made where it is not there yet."""
    place = next((p for p in (path, *path.parents) if p.exists()), path)
    return os.access(place, os.W_OK | os.X_OK)


def first_writable(folders: Sequence[Path]) -> Path:
    """Return the first of the directories that can be written, or else the first. Blocks for at most a few seconds."""
    found = _writable.run(folders)
    return next((folder for folder in folders if found[folder] is True), folders[0])


#: A drive that does not answer cannot be written.
_writable = BoundedReads(writable)
