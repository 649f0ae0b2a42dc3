"""End downloads of packages that make no progress. rattler itself would wait for many minutes."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Mapping
from typing import TypeVar

from ...errors import ChannelUnreachable
from ...sentences import redact

#: Seconds without progress after which the downloads are stopped, and the bytes that count as progress in this time.
LIMIT, LEAST = 60.0, 60_000
#: Number of looks at the downloads in ``LIMIT`` seconds.
_LOOKS = 20

_Result = TypeVar("_Result")


class Downloads:
    """The downloads that run now, from the callbacks of rattler's reporter, which come from any thread.

    ``addresses`` are the URLs of the packages by name. Packages on this machine are not downloads.
    """

    def __init__(self, addresses: Mapping[str, str]) -> None:
        self._addresses = {name: url for name, url in addresses.items() if not url.startswith("file:")}
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self._bytes = 0
        self._moved = time.monotonic()

    def begin(self, name: str) -> None:
        """Note that a download begins. One that is tried again counts as the same."""
        with self._lock:
            if name in self._addresses and name not in self._running:
                self._running[name] = 0
                self._note_progress()

    def advance(self, name: str, done: int) -> None:
        """Note how many bytes of a package have arrived."""
        with self._lock:
            before = self._running.get(name)
            if before is not None:
                self._running[name] = done
                self._bytes += max(0, done - before)
                if self._bytes >= LEAST:
                    self._note_progress()

    def end(self, name: str) -> None:
        """Note that a package is complete."""
        with self._lock:
            if self._running.pop(name, None) is not None:
                self._note_progress()

    def _note_progress(self) -> None:
        self._bytes, self._moved = 0, time.monotonic()

    def stalled(self) -> str | None:
        """Return the address of a download if none made progress for ``LIMIT`` seconds, or None."""
        with self._lock:
            if not self._running or time.monotonic() - self._moved < LIMIT:
                return None
            return self._addresses[next(iter(self._running))]

    async def watch(self, work: Awaitable[_Result]) -> _Result:
        """Return the result of ``work``. If the downloads stall, cancel it and raise ChannelUnreachable."""
        running = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({running}, timeout=LIMIT / _LOOKS))[0]:
                address = self.stalled()
                if address is not None:
                    raise ChannelUnreachable(
                        f"The download of {redact(address)} was stopped, because it made no progress for "
                        f"{LIMIT:g} seconds. Nothing was changed.",
                        hint="Check the server's network and proxy, then try again.",
                    )
            return running.result()
        finally:
            running.cancel()
