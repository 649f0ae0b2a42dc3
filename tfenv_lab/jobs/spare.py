"""A worker that is started before there is a job, because a new worker needs most of its time for imports."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable

from ..errors import UnusableDirectory
from ..processes import kill_group
from .starting import StartedWorker, surroundings

#: Seconds after which a spare worker ends if there was no job.
IDLE = 300.0
#: What a worker imports to apply a change.
MODULES = (
    "tfenv_lab.conda.settings.network",
    "tfenv_lab.conda.transaction.apply",
    "tfenv_lab.conda.transaction.recovery",
)


class SpareWorker:
    """At most one worker process that waits for its order. It runs one job, as every worker.

    It is only used if a new worker would start with the same variables, directory and modules.
    """

    def __init__(self, is_wanted: bool) -> None:
        """Never have a process unless ``is_wanted``."""
        self._is_wanted = is_wanted
        self._lock = threading.Lock()
        self._started: tuple[tuple[object, ...], StartedWorker] | None = None
        self._ends: asyncio.TimerHandle | None = None
        self._tasks: set[asyncio.Future[None]] = set()

    def prepare(self) -> None:
        """Start a process, unless there is one, and let it wait for ``IDLE`` seconds. This does not block."""
        if not self._is_wanted:
            return
        self._in_thread(self._start)
        if self._ends is not None:
            self._ends.cancel()
        self._ends = asyncio.get_running_loop().call_later(IDLE, self._in_thread, self._end)

    def take(self) -> StartedWorker | None:
        """Return the process for a job, if it runs and fits. Blocks for a moment."""
        with self._lock:
            started, self._started = self._started, None
        if started is None:
            return None
        before, worker = started
        if worker.process.poll() is None and before == surroundings():
            return worker
        _end(worker)
        return None

    async def stop(self) -> None:
        """End the process, and start no other."""
        self._is_wanted = False
        if self._ends is not None:
            self._ends.cancel()
        await asyncio.gather(*self._tasks)
        await asyncio.to_thread(self._end)

    def _in_thread(self, work: Callable[[], None]) -> None:
        task = asyncio.ensure_future(asyncio.to_thread(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _start(self) -> None:
        with self._lock:
            if self._started is not None and self._started[1].process.poll() is not None:
                _end(self._started[1])
                self._started = None
            # If no process can be started, the job will try again, and report what is wrong.
            with contextlib.suppress(OSError, UnusableDirectory):
                self._started = self._started or (surroundings(), StartedWorker(MODULES))

    def _end(self) -> None:
        with self._lock:
            started, self._started = self._started, None
        if started is not None:
            _end(started[1])


def _end(worker: StartedWorker) -> None:
    with worker as process:
        kill_group(process)
