"""Know which servers still run: each holds a lock as long as it lives, whatever its host is called.

The name of a host changes: in containers, on laptops, and when a home directory is used on another machine.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import threading
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import psutil
from filelock import Timeout

from ..disk import locks
from .models import Job, Server

#: The longest time that a job of a server without a lock may take on another host.
_LONGEST = timedelta(hours=1)
#: Seconds in which a server that created its lock file has locked it.
_STARTING = 60.0
_LOCK = re.compile(r"[0-9a-f]{32}")


class Servers:
    """The servers that run jobs of this user. A directory has a lock file for each of them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._mutex = threading.Lock()
        self._held = contextlib.ExitStack()
        self._own: Server | None = None

    def this(self) -> Server:
        """Return the identity of this server, which is stored in its jobs. The first call takes the lock."""
        with self._mutex:
            if self._own is None:
                self._own = Server(socket.gethostname(), os.getpid(), psutil.Process().create_time(), self._take())
            return self._own

    def runs(self, job: Job) -> bool:
        """Return whether the server of an unfinished job still runs. Reads the disk."""
        server = job.server
        if server is None or server == self._own:
            return server is not None
        if not server.lock:
            return _runs_without_lock(server, job.created)
        path = self._folder / server.lock
        if not _LOCK.fullmatch(server.lock) or not self._folder.is_dir():
            return False
        try:
            with locks.hold(path, 0):
                # Names are used only once, so nobody waits for this lock.
                path.unlink(missing_ok=True)
        except (Timeout, OSError):
            return True
        return False

    def forget_dead(self) -> None:
        """Delete the locks of servers that died. Reads the disk."""
        with contextlib.suppress(OSError):
            for path in list(self._folder.iterdir()):
                # A server that starts now may have created its file, but not locked it yet.
                is_fresh = abs(time.time() - path.lstat().st_mtime) < _STARTING
                if _LOCK.fullmatch(path.name) and not is_fresh and (self._own is None or path.name != self._own.lock):
                    with contextlib.suppress(Timeout, OSError), locks.hold(path, 0):
                        path.unlink(missing_ok=True)

    def leave(self) -> None:
        """Free the lock of this server, which must have no more jobs."""
        with self._mutex:
            own, self._own = self._own, None
            self._held.close()
            if own is not None and own.lock:
                with contextlib.suppress(OSError):
                    (self._folder / own.lock).unlink()

    def _take(self) -> str:
        """Return the name of a new lock that this process holds, or an empty string if there can be none."""
        name = secrets.token_hex(16)
        try:
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            self._held.enter_context(locks.hold(self._folder / name, 0))
        except (Timeout, OSError):
            return ""
        return name


def _runs_without_lock(server: Server, created: str) -> bool:
    """Return whether a server of an earlier version runs: by its process or, on another host, by the job's age."""
    if server.host != socket.gethostname():
        return datetime.now(timezone.utc) - datetime.fromisoformat(created) < _LONGEST
    try:
        return abs(psutil.Process(server.pid).create_time() - server.started) < 1
    except (psutil.Error, ValueError):
        return False
