"""Run many small file system reads without letting a slow one block the others.

A read on a dead mount can block for minutes and cannot be interrupted, so the reads run in separate threads. On a
healthy disk one thread does them all, since more threads would only get in each other's way. Another thread starts
whenever all the others are blocked. A read that exceeds the limit is abandoned, and its thread ends when the read does.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)
Result = TypeVar("Result")

#: Seconds that a caller waits for one item, unless the reader has a limit of its own.
LIMIT = 2.0
#: Seconds that one item may take before another thread continues with the rest.
PATIENCE = 0.05
#: Seconds by which each item extends the limit for all of them: ten thousand take a while, even if none is slow.
EACH = 0.002
#: Maximum number of threads at once; each one is blocked by one item that does not answer.
MAX_THREADS = 32


@dataclass
class _Run(Generic[Item, Result]):
    waiting: deque[Item]
    results: dict[Item, Result | Exception] = field(default_factory=dict)
    #: The items that threads are reading, and when each read began. An item leaves ``waiting`` for it under the lock.
    started: dict[Item, float] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)
    done: threading.Event = field(default_factory=threading.Event)


class BoundedReads(Generic[Item, Result]):
    """Reader that applies ``function`` to items and waits at most ``limit`` seconds (``LIMIT``) for each."""

    def __init__(self, function: Callable[[Item], Result], limit: float | None = None) -> None:
        self._function = function
        self._limit = limit
        #: Items whose thread is still blocked.
        self._held: set[Item] = set()

    async def gather(self, items: Iterable[Item]) -> dict[Item, Result | Exception | None]:
        """Return what ``run`` returns, without blocking the event loop."""
        return await asyncio.to_thread(self.run, items)

    def run(self, items: Iterable[Item], *, before_serving: bool = False) -> dict[Item, Result | Exception | None]:
        """Return the results by item, in order.

        A result is an exception if the function raised one, and None if the limit passed. An item whose earlier read is
        still blocked is not read again. Blocks for about the limit, and never for more than twice the limit and
        ``EACH`` seconds for each item. Raises RuntimeError on an event loop, unless the server does not answer
        requests yet (``before_serving``).
        """
        if not before_serving and _on_event_loop():
            raise RuntimeError("BoundedReads.run would block the event loop: await gather there.")
        wanted = list(dict.fromkeys(items))
        run: _Run[Item, Result] = _Run(deque(item for item in wanted if item not in self._held))
        todo = set(run.waiting)
        if todo:
            self._start(run, todo)
            self._wait(run, todo)
        self._held |= {item for item in todo if item not in run.results and item in run.started}
        return {item: run.results.get(item) for item in wanted}

    def _start(self, run: _Run[Item, Result], todo: set[Item]) -> None:
        # A thread that never ends must not keep the server from stopping, so the threads are daemons.
        threading.Thread(target=self._work, args=(run, todo), daemon=True, name="tfenv-read").start()

    def _work(self, run: _Run[Item, Result], todo: set[Item]) -> None:
        while True:
            with run.lock:
                if not run.waiting:
                    return
                item = run.waiting.popleft()
                run.started[item] = time.monotonic()
            try:
                result: Result | Exception = self._function(item)
            except Exception as error:
                result = error
            run.results[item] = result
            with run.lock:
                del run.started[item]
            self._held.discard(item)
            if len(run.results) == len(todo):
                run.done.set()

    def _wait(self, run: _Run[Item, Result], todo: set[Item]) -> None:
        threads, begun = 1, time.monotonic()
        limit = LIMIT if self._limit is None else self._limit
        most = 2 * limit + EACH * len(todo)
        while not run.done.wait(PATIENCE):
            now = time.monotonic()
            with run.lock:
                held, waiting = list(run.started.values()), len(run.waiting)
            if not waiting and all(now - start > limit for start in held):
                return
            if now - begun > most:
                with run.lock:
                    run.waiting.clear()
                return
            if waiting and threads < MAX_THREADS and all(now - start > PATIENCE for start in held):
                self._start(run, todo)
                threads += 1


def _on_event_loop() -> bool:
    """Return whether this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
