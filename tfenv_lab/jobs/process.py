"""Run a worker process, and pass its messages to the server.

Threads read the worker's pipes, because not every event loop can watch a child process: the one that Jupyter uses on
Windows cannot.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import subprocess
import threading
from collections.abc import Callable

import psutil

from .. import serde
from ..processes import kill_group
from .messages import Message, Order, UseCluster
from .spare import SpareWorker
from .starting import StartedWorker
from .store import LOG_BYTES

#: Seconds to wait for the rest of a worker's log after the worker has ended.
PATIENCE = 5.0
#: Maximum bytes of a message of a worker.
LONGEST = 10_000_000
#: Number of characters of a worker's output that are kept in case it dies.
_LAST = 4000


def end_children(pid: int) -> None:
    """Kill the descendants of a process, even those outside its process group (such as uv and a check's probe).

    Suspend the process unless it is the current one, so that it starts no others meanwhile.
    """
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        if pid != os.getpid():
            parent.suspend()
        known: set[psutil.Process] = set()
        # A descendant may have started others before it was killed.
        while found := set(parent.children(recursive=True)) - known:
            known |= found
            for child in found:
                with contextlib.suppress(psutil.Error):
                    child.kill()


class WorkerProcess:
    """A worker process. It gets one order, sends messages, and can be killed at any time."""

    def __init__(
        self, tell: Callable[[Message], None], log: Callable[[str], None], spare: SpareWorker | None = None
    ) -> None:
        """Call ``tell`` with every message, on the event loop, and ``log`` with all other output, on a thread.

        If ``spare`` has a process that fits, use that instead of starting one.
        """
        self._spare = spare
        self._tell = tell
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        #: Seconds to end by itself when its input ends.
        self._grace = 0.0
        self._lock = threading.Lock()
        #: Number of characters that still go to the log.
        self._room = LOG_BYTES
        #: The end of the worker's output.
        self.last = ""

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
        if self._grace and process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
            timer = threading.Timer(self._grace, self.kill)
            self._grace, timer.daemon = 0.0, True
            timer.start()
            return
        end_children(process.pid)
        kill_group(process)

    def _run(self, order: Order, loop: asyncio.AbstractEventLoop) -> int:
        with self._started(order) as process:
            self._process = process
            if self._killed:
                self.kill()
            logging = threading.Thread(target=self._copy_log, daemon=True)
            logging.start()
            if process.stdin is None or process.stdout is None:  # for the type checker
                raise RuntimeError("the worker has no pipes")
            # A rollout may be cancelled, which closes its input, before it has its order.
            with contextlib.suppress(BrokenPipeError, ValueError):
                process.stdin.write(serde.dumps(order.run if isinstance(order, UseCluster) else order) + b"\n")
                process.stdin.flush()
            while line := process.stdout.readline(LONGEST):
                try:
                    message = serde.loads(line, Message)
                except serde.Unreadable:
                    self._write_log(line.decode(errors="replace"))
                    continue
                loop.call_soon_threadsafe(self._tell, message)
            status = process.wait()
            logging.join(PATIENCE)
            return status

    def _started(self, order: Order) -> StartedWorker:
        if isinstance(order, UseCluster):
            self._grace = order.grace
            return StartedWorker(module=order.module)
        return (self._spare and self._spare.take()) or StartedWorker()

    def _copy_log(self) -> None:
        process, decoder = self._process, codecs.getincrementaldecoder("utf-8")("replace")
        if process is not None and process.stderr is not None:
            # What has arrived is written at once: a program can write thousands of short lines in a second.
            while raw := os.read(process.stderr.fileno(), 1 << 16):
                self._write_log(decoder.decode(raw))

    def _write_log(self, text: str) -> None:
        """Add to the log, up to LOG_BYTES. The rest is only read, so that the writer does not wait."""
        with self._lock:
            self.last = (self.last + text)[-_LAST:]
            kept, self._room = text[: self._room], max(0, self._room - len(text))
        if kept:
            self._log(kept)
