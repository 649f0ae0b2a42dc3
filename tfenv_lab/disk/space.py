"""Query the free space of file systems, and whether directories are writable."""

from __future__ import annotations

import os
import shutil
from pathlib import Path


def free_bytes(path: Path) -> int | None:
    """Return the free bytes of the file system of ``path``, which need not exist yet, or None if unknown."""
    for place in (path, *path.parents):
        try:
            return shutil.disk_usage(place).free
        except OSError:
            continue
    return None


def writable(path: Path) -> bool:
    """Return whether a directory is writable or, if it does not exist yet, can be created."""
    place = next((p for p in (path, *path.parents) if p.exists()), path)
    return os.access(place, os.W_OK | os.X_OK)
