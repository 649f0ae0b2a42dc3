"""Many small reads of file systems, none of which may hold up the others.

A read of a mount that is gone can block for minutes and cannot be interrupted. So the reads run in threads
of their own: one as long as all goes well (threads only get in each other's way on a healthy disk), a
further one whenever all others are held up, and what takes longer than the limit is given up while its
thread is left to end by itself.
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

#: Seconds one item may take before another thread goes on with the rest.
PATIENCE = 0.05
#: Most threads at once; each holds one item that does not answer.
MAX_THREADS = 32


@dataclass
class _Run(Generic[Item, Result]):
    waiting: deque[Item]
    results: dict[Item, Result | Exception] = field(default_factory=dict)
    started: dict[Item, float] = field(default_factory=dict)
    done: threading.Event = field(default_factory=threading.Event)


class BoundedReads(Generic[Item, Result]):
    """Applies ``function`` to items, each for at most ``limit`` seconds."""

    def __init__(self, function: Callable[[Item], Result], limit: float = 2.0) -> None:
        self._function = function
        self._limit = limit
        #: Items whose thread is still held up, by when it began (``time.monotonic``).
        self._held: set[Item] = set()

    async def gather(self, items: Iterable[Item]) -> dict[Item, Result | Exception | None]:
        """Return what ``run`` does, without blocking the event loop."""
        return await asyncio.to_thread(self.run, items)

    def run(self, items: Iterable[Item], *, before_serving: bool = False) -> dict[Item, Result | Exception | None]:
        """Return results by item, in order; an exception where one was raised, None where time ran out.

        An item whose earlier read is still held up is not begun again. Blocks for at most about the limit, so on an
        event loop it raises RuntimeError, unless nobody is served yet (``before_serving``).
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
        # Daemon threads: one that never ends must not keep the server from stopping.
        threading.Thread(target=self._work, args=(run, todo), daemon=True, name="tfenv-read").start()

    def _work(self, run: _Run[Item, Result], todo: set[Item]) -> None:
        while True:
            try:
                item = run.waiting.popleft()
            except IndexError:
                return
            run.started[item] = time.monotonic()
            try:
                result: Result | Exception = self._function(item)
            except Exception as error:
                result = error
            run.results[item] = result
            self._held.discard(item)
            if len(run.results) == len(todo):
                run.done.set()

    def _wait(self, run: _Run[Item, Result], todo: set[Item]) -> None:
        threads, begun = 1, time.monotonic()
        while not run.done.wait(PATIENCE):
            now = time.monotonic()
            held = [start for item, start in list(run.started.items()) if item not in run.results]
            if not run.waiting and all(now - start > self._limit for start in held):
                return
            # Whatever happens, a caller waits for two limits at most.
            if now - begun > 2 * self._limit:
                run.waiting.clear()
                return
            if run.waiting and threads < MAX_THREADS and all(now - start > PATIENCE for start in held):
                self._start(run, todo)
                threads += 1


def _on_event_loop() -> bool:
    """Tell whether this thread runs an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
