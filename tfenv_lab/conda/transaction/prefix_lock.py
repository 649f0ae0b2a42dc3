"""One writer a prefix, across jobs, servers of one user and machines that share the file system."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from ...disk import writes
from ...errors import PrefixBusy
from .staging import MARK, home, real


def lock_path(prefix: Path) -> Path:
    """Return the lock file of a prefix: beside it, so that it outlives exchange and removal.

    A prefix that stays where it is (``staging.is_fixed``) has it inside.
    """
    return home(prefix) / f"{MARK}lock-{real(prefix).name}"


def _note_path(prefix: Path) -> Path:
    return home(prefix) / f"{MARK}holder-{real(prefix).name}"


def holder(prefix: Path) -> dict[str, object] | None:
    """Return ``{host, pid, job}`` of who holds (or last held) the prefix, if that can be read."""
    try:
        found = json.loads(_note_path(prefix).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@contextlib.contextmanager
def hold(prefix: Path, job: str, timeout: float = 0.0) -> Iterator[None]:
    """Hold the prefix for ``job``, or raise PrefixBusy naming the holder.

    The operating system frees the lock of a process that died, so nothing has to be broken by hand. Where locks
    are not supported (some network file systems) filelock falls back to the file's existence.
    """
    path = lock_path(prefix)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        # No lock of ours is a link: somebody who may write here put it there, and it could lead to any file.
        try:
            path.unlink()
        except OSError as error:
            raise PrefixBusy(f"“{prefix.name}” cannot be locked: {path} is a link that is not ours.") from error
    lock = FileLock(path, timeout=timeout)
    try:
        lock.acquire()
    except Timeout as error:
        who = holder(prefix) or {}
        place = f"process {who['pid']} on {who['host']}" if {"pid", "host"} <= who.keys() else "another process"
        raise PrefixBusy(f"“{prefix.name}” is being changed by {place}.") from error
    note = _note_path(prefix)
    try:
        # In one name: a worker that is killed here must leave no other file that nobody collects.
        note.unlink(missing_ok=True)
        writes.create(note, json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "job": job}))
        yield
    finally:
        # Removed while held: filelock (4 and later) lets a waiter that opened the old file start over.
        with contextlib.suppress(OSError):
            note.unlink(missing_ok=True)
            path.unlink(missing_ok=True)
        lock.release()
