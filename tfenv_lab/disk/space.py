"""Query the free space of file systems, and whether directories are writable."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from .reads import BoundedReads


def free_bytes(path: Path) -> int | None:
    """Return the free bytes of the file system of ``path``, which need not exist yet, or None if unknown."""
    for place in (path, *path.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


def free_files(path: Path) -> int | None:
    """Return how many files can still be created on the file system of ``path``, or None if that has no limit."""
    for place in (path, *path.parents):
        try:
            status = os.statvfs(place) if hasattr(os, "statvfs") else None
        except OSError:
            continue
        return status.f_favail if status is not None and status.f_files > 0 else None
    return None


def writable(path: Path) -> bool:
    """Return whether a directory is writable or, if it does not exist yet, can be created."""
    place = next((p for p in (path, *path.parents) if p.exists()), path)
    return os.access(place, os.W_OK | os.X_OK)


def first_writable(folders: Sequence[Path]) -> Path:
    """Return the first writable directory, or the first one if none is writable. Blocks for at most a few seconds."""
    found = _writable.run(folders)
    return next((folder for folder in folders if found[folder] is True), folders[0])


#: A drive that does not answer cannot be written.
_writable = BoundedReads(writable)
