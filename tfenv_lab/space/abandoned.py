"""Delete the half-written files of processes that were killed. They belong to no job, so no job's end deletes them."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import time
from collections.abc import Iterable
from pathlib import Path

from ..disk import locks, temporary

#: Seconds after which something that is written in one go counts as abandoned.
_OLD = 3600.0
#: A file that is written before it replaces another one (``disk/writes.py``).
_WRITING = re.compile(r"\.tfenv-[0-9a-f]{16}")
#: A package's bytecode that is not complete yet, with the id of its process (``conda/transaction/bytecode.py``).
_COMPILING = re.compile(r".+\.[0-9]+")
#: A package that rattler is unpacking.
_UNPACKING = re.compile(r"\..+-.+-.+")
#: rattler holds the lock of this file as long as it uses its cache.
_RATTLER = ".cache.lock"


def collect(package_cache: Path, bytecode: Path, folders: Iterable[Path]) -> None:
    """Delete what killed processes left in the caches, in these ``folders`` of ours, and among temporary files."""
    for folder in folders:
        _delete_old(folder, _WRITING)
    for tag in _children(bytecode):
        _delete_old(tag, _COMPILING)
    with contextlib.suppress(OSError), locks.hold_now(package_cache / _RATTLER):
        for path in _children(package_cache):
            if _UNPACKING.fullmatch(path.name) and path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
    temporary.collect()


def _delete_old(folder: Path, name: re.Pattern[str]) -> None:
    for path in _children(folder):
        with contextlib.suppress(OSError):
            # Also after the clock was set back.
            if name.fullmatch(path.name) and abs(time.time() - path.lstat().st_mtime) > _OLD:
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()


def _children(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries if not entry.is_symlink()]
    except OSError:
        return []
