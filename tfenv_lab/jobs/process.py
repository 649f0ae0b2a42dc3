"""One worker process, as the server sees it.

Its pipes are read by threads: event loops differ in whether they can watch a child process (the one that Jupyter
uses on Windows cannot).
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

#: Seconds the log of a worker that has ended may take to arrive.
PATIENCE = 5.0
#: Variables that say where temporary files go (``tempfile.gettempdir``).
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")


def end_children(pid: int) -> None:
    """End what a process started, those included that left its process group (a check's probe does)."""
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()


class WorkerProcess:
    """Runs one worker: gives it its order and hands on what it says. It can be ended at any moment."""

    def __init__(self, tell: Callable[[Message], None], log: Callable[[str], None]) -> None:
        """``tell`` gets every message, on the event loop; ``log`` what the worker writes beside, on a thread."""
        self._tell = tell
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False

    async def run(self, order: Order) -> int:
        """Run the worker to its end and return its exit status, negative for a signal."""
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(self._run, order, loop)

    def kill(self) -> None:
        """End the worker and all it started, at once. Nothing happens where it has ended."""
        self._killed = True
        process = self._process
        if process is None or process.poll() is not None:
            return
        end_children(process.pid)
        kill_group(process)

    def _run(self, order: Order, loop: asyncio.AbstractEventLoop) -> int:
        # Temporary files of a worker, and of what it starts, go when it has ended, however it did.
        with tempfile.TemporaryDirectory(prefix="tfenv-lab-", ignore_cleanup_errors=True) as temporary:
            return self._supervise(order, loop, {**os.environ, **dict.fromkeys(_TEMPORARY, temporary)})

    def _supervise(self, order: Order, loop: asyncio.AbstractEventLoop, environ: dict[str, str]) -> int:
        with subprocess.Popen(
            [sys.executable, "-m", "tfenv_lab.jobs.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            # Its own process group: what it starts (compilers, interpreters) ends with it.
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
