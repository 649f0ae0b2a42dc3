"""Run a worker process, and pass its messages to the server.

Threads read the worker's pipes, because not every event loop can watch a child process: the one that Jupyter uses on
Windows cannot.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable

import psutil

from .. import serde
from ..processes import kill_group
from .messages import Message, Order

#: Seconds to wait for the rest of a worker's log after the worker has ended.
PATIENCE = 5.0
#: Variables that name the directory of temporary files (``tempfile.gettempdir``).
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


def end_children(pid: int) -> None:
    """Kill the descendants of a process, even those outside its process group (such as a check's probe)."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()


class WorkerProcess:
    """A worker process. It gets one order, sends messages, and can be killed at any time."""

    def __init__(self, tell: Callable[[Message], None], log: Callable[[str], None]) -> None:
        """Call ``tell`` with every message, on the event loop, and ``log`` with all other output, on a thread."""
        self._tell = tell
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    async def run(self, order: Order) -> int:
        """Run the worker until it ends. Return its exit status, which is negative if a signal ended it."""
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(self._run, order, loop)

    def kill(self) -> None:
        """Kill the worker and its descendants. Do nothing if the worker has already ended."""
        self._killed = True
        process = self._process
        if process is None or process.poll() is not None:
            return
        end_children(process.pid)
        kill_group(process)

    def _run(self, order: Order, loop: asyncio.AbstractEventLoop) -> int:
        # Temporary files of the worker and its descendants are deleted however the worker ends.
        with tempfile.TemporaryDirectory(prefix="tfenv-lab-", ignore_cleanup_errors=True) as temporary:
            return self._supervise(order, loop, {**os.environ, **dict.fromkeys(_TEMPORARY, temporary)})

    def _supervise(self, order: Order, loop: asyncio.AbstractEventLoop, environ: dict[str, str]) -> int:
        with subprocess.Popen(
            [sys.executable, "-m", "tfenv_lab.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            # In a process group of its own, so that its children (compilers, interpreters) end with it.
            start_new_session=True,
        ) as process:
            self._process = process
            if self._killed:
                self.kill()
            logging = threading.Thread(target=self._copy_log, daemon=True)
            logging.start()
            if process.stdin is None or process.stdout is None:  # for the type checker
                raise RuntimeError("the worker has no pipes")
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(serde.dumps(order) + b"\n")
                process.stdin.flush()
            for line in process.stdout:
                try:
                    message = serde.loads(line, Message)
                except serde.Unreadable:
                    self._log(line.decode(errors="replace"))
                    continue
                loop.call_soon_threadsafe(self._tell, message)
            status = process.wait()
            logging.join(PATIENCE)
            return status

    def _copy_log(self) -> None:
        process = self._process
        if process is not None and process.stderr is not None:
            for line in process.stderr:
                self._log(line.decode(errors="replace"))
