"""Lock files, also on file systems that cannot lock: NFS without its lock service, Lustre without flock, some FUSE.

If the file system locks, filelock does the work, and the operating system frees the lock of a process that died.
Otherwise a *claim* takes the lock's place: a directory that only one process can create. It holds one file, which names
its owner, and which the owner touches as long as it runs (heartbeat). A claim whose owner is dead is taken over.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import secrets
import shutil
import socket
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..sentences import say

log = logging.getLogger(__name__)

#: Seconds between two touches of a claim, and the age at which a claim counts as abandoned if its owner may run on
#: another machine.
BEAT, STALE = 10.0, 90.0
#: Seconds between two attempts to get a lock.
_POLL = 0.05
#: Errors of renaming a directory to the name of one that is not empty.
_HELD = (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES, errno.EPERM)
#: Directories that were reported already.
_told: set[Path] = set()


def can_lock(folder: Path) -> bool:
    """Return whether files in an existing directory can be locked; also if no file can be created there.

    A new file that no other process knows cannot be locked by another one. So the error, which is not the same on all
    file systems, says nothing more.
    """
    if sys.platform == "win32":
        return True
    import fcntl

    path = folder / f".tfenv-probe-{secrets.token_hex(8)}"
    try:
        # A file without a name is gone even if this process is killed now. Not every file system has them.
        handle = os.open(folder, os.O_RDWR | getattr(os, "O_TMPFILE", os.O_CREAT), 0o600)
    except OSError:
        try:
            handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(handle)
        with contextlib.suppress(OSError):
            path.unlink()
    return True


@contextlib.contextmanager
def hold(path: Path, timeout: float = -1) -> Iterator[None]:
    """Hold the lock file ``path``, whose directory exists. Wait at most ``timeout`` seconds; if negative, for ever.

    Raises filelock's Timeout if another process holds it, or OSError if the file cannot be written.
    """
    if can_lock(path.parent):
        from filelock import FileLock

        with FileLock(path, timeout=timeout):
            yield
        return
    if path.parent not in _told:
        _told.add(path.parent)
        log.warning("%s", without_locks(path.parent))
    claim = _Claim(path.with_name(f"{path.name}.held"))
    claim.acquire(timeout)
    try:
        yield
    finally:
        claim.release()


@contextlib.contextmanager
def hold_of_another(path: Path) -> Iterator[None]:
    """Hold a lock file that belongs to another program, which must find it again. Wait until the lock is free."""
    if sys.platform == "win32":
        from filelock import FileLock

        with FileLock(path):
            yield
        return
    import fcntl

    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextlib.contextmanager
def hold_now(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the lock of an existing file or directory, or raise OSError if another process holds it, or there is none.

    Windows cannot lock directories.
    """
    if sys.platform == "win32":
        raise OSError(errno.ENOTSUP, "directories cannot be locked here", os.fspath(path))
    import fcntl

    handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        yield
    finally:
        os.close(handle)


def without_locks(folder: Path) -> str:
    """Return the sentence that says which lock is used in a directory whose file system cannot lock."""
    return say(
        "The file system of {folder} does not support locks, so weaker locks are used there. If "
        "a program on another machine dies, its lock stays for {stale} seconds.",
        folder=folder,
        stale=f"{STALE:.0f}",
    )


class _Claim:
    """The directory ``place``, with one file. Its name is unique, so only this claim can be removed by that name."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._token = secrets.token_hex(16)
        self._released = threading.Event()

    def acquire(self, timeout: float) -> None:
        """Take the place, or raise Timeout."""
        own = self._place.with_name(f"{self._place.name}-{self._token}")
        own.mkdir()
        try:
            (own / self._token).write_text(json.dumps(_this_process()), encoding="utf-8")
            begun = time.monotonic()
            while not self._take(own):
                if 0 <= timeout <= time.monotonic() - begun:
                    from filelock import Timeout

                    raise Timeout(str(self._place))
                time.sleep(_POLL)
        except BaseException:
            shutil.rmtree(own, ignore_errors=True)
            raise
        threading.Thread(target=self._beat, daemon=True, name="tfenv-lock").start()

    def release(self) -> None:
        """Give the place back, unless another process has taken it over."""
        self._released.set()
        with contextlib.suppress(OSError):
            (self._place / self._token).unlink()
            self._place.rmdir()

    def _take(self, own: Path) -> bool:
        """Rename our directory to the place. This is one step, and it fails if a claim is there."""
        for _ in range(2):
            try:
                own.rename(self._place)
            except OSError as error:
                if error.errno not in _HELD or not os.path.lexists(self._place):
                    raise
            else:
                return True
            self._remove_abandoned(own)
        return False

    def _remove_abandoned(self, own: Path) -> None:
        """Remove the claim of a dead owner by its name, so that a newer claim in the same place stays."""
        with contextlib.suppress(OSError):
            # The file system's clock, which is not that of this machine.
            (own / self._token).touch()
            now = (own / self._token).stat().st_mtime
            for claim in self._place.iterdir():
                if _is_abandoned(claim, now):
                    claim.unlink()
            # Not every file system can rename to the name of an empty directory.
            self._place.rmdir()

    def _beat(self) -> None:
        while not self._released.wait(BEAT):
            with contextlib.suppress(OSError):
                os.utime(self._place / self._token)


def _is_abandoned(claim: Path, now: float) -> bool:
    """Return whether the owner of a claim is dead: for certain on the same machine, otherwise by the claim's age."""
    try:
        owner = json.loads(claim.read_text(encoding="utf-8"))
    except ValueError:
        owner = {}
    here = _this_process()
    if isinstance(owner, dict) and all(owner.get(key) == here[key] for key in ("host", "boot", "namespace")):
        return not _runs(owner)
    return now - claim.stat().st_mtime > STALE


def _runs(owner: dict[str, Any]) -> bool:
    import psutil

    try:
        if "ticks" in owner and (ticks := _ticks(int(owner["pid"]))) is not None:
            return bool(ticks == owner["ticks"])
        return abs(psutil.Process(int(owner["pid"])).create_time() - float(owner["started"])) < 1
    except (psutil.NoSuchProcess, KeyError, TypeError, ValueError):
        return False
    except psutil.Error:
        return True


def _this_process() -> dict[str, Any]:
    """Return what identifies this process: two containers can have the same host name and the same process ids."""
    import psutil

    boot, namespace = "", 0
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").stat().st_ino
    pid = os.getpid()
    started = psutil.Process(pid).create_time()
    ticks = {} if (found := _ticks(pid)) is None else {"ticks": found}
    return {"host": socket.gethostname(), "boot": boot, "namespace": namespace, "pid": pid, "started": started, **ticks}


def _ticks(pid: int) -> int | None:
    """Return when a process started, in ticks since the system did: a change of the clock does not change it.

    None if the process has ended, or on other systems than Linux.
    """
    try:
        # The name of the program, in parentheses, can have spaces (proc(5)).
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        return int(text.rpartition(")")[2].split()[19])
    except (OSError, ValueError, IndexError):
        return None
