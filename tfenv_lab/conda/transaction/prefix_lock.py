"""Allow only one writer per prefix, across jobs, a user's servers, and machines that share the file system."""

from __future__ import annotations

import contextlib
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from filelock import Timeout

from ... import serde
from ...disk import faults, locks, writes
from ...errors import PrefixBusy
from ...sentences import say
from .staging import MARK, home, real


def lock_path(prefix: Path) -> Path:
    """Return the lock file of a prefix, which is next to it, so that it survives a swap and a removal.

    If the prefix cannot be replaced (``staging.is_fixed``), the lock file is inside it.
    """
    return home(prefix) / f"{MARK}lock-{real(prefix).name}"


def _note_path(prefix: Path) -> Path:
    return home(prefix) / f"{MARK}holder-{real(prefix).name}"


def holder(prefix: Path) -> dict[str, object] | None:
    """Return ``{host, pid, job}`` of the process that holds or last held the prefix lock, or None if unreadable."""
    try:
        found = serde.parse(_note_path(prefix).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


@contextlib.contextmanager
def hold(prefix: Path, job: str, timeout: float = 0.0) -> Iterator[None]:
    """Hold the prefix lock for ``job``, or raise PrefixBusy naming the process that holds it.

    The lock of a process that died is free, so no lock has to be broken by hand (``disk/locks.py``).
    """
    path = lock_path(prefix)
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        # We never create a link here. Another user with write permission did, and it could lead to any file.
        try:
            path.unlink()
        except OSError as error:
            raise PrefixBusy(
                say("“{name}” cannot be locked: {path} is a link that cannot be removed.", name=prefix.name, path=path)
            ) from error
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locks.hold(path, timeout))
        except Timeout as error:
            who = holder(prefix) or {}
            place = (
                say("process {pid} on {host}", pid=who["pid"], host=who["host"])
                if {"pid", "host"} <= who.keys()
                else say("another process")
            )
            raise PrefixBusy(say("“{name}” is being changed by {place}.", name=prefix.name, place=place)) from error
        except PermissionError as error:
            # A worker of another user was killed, or is at work.
            message = say("“{name}” cannot be locked: {path} belongs to another user.", name=prefix.name, path=path)
            raise PrefixBusy(
                message, hint=say("Delete this file if no program is changing the environment.")
            ) from error
        note = _note_path(prefix)
        try:
            # Write under the final name: a worker that is killed here must not leave a temporary file.
            note.unlink(missing_ok=True)
            try:
                writes.create(note, json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "job": job}))
            except OSError as error:
                # What frees space must work without space.
                if not faults.is_full(error):
                    raise
            yield
        finally:
            # Remove the file while the lock is held: in filelock 4 and later, a waiter that opened it starts over.
            with contextlib.suppress(OSError):
                note.unlink(missing_ok=True)
                path.unlink(missing_ok=True)
