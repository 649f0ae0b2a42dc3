"""Notice downloads that make no progress. rattler and uv themselves would wait for many minutes."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

from .sentences import redact, say

#: Seconds without progress after which downloads are stopped, and the bytes that count as progress in this time.
LIMIT, LEAST = 60.0, 60_000
#: Number of looks at the downloads in ``LIMIT`` seconds.
LOOKS = 20


class WatchedDownloads:
    """The downloads of one change that run now. The methods may be called from any thread.

    ``addresses`` are the URLs of the packages by name. Packages on this machine are not downloads. ``limit`` is the
    number of seconds without progress after which they have stalled, if that is more than LIMIT.
    """

    def __init__(self, addresses: Mapping[str, str], limit: float = 0.0) -> None:
        self._addresses = {name: url for name, url in addresses.items() if not url.startswith("file:")}
        self._limit = limit
        self._lock = threading.Lock()
        self._running: dict[str, int] = {}
        self._bytes = 0
        self._moved = time.monotonic()

    @property
    def limit(self) -> float:
        """Seconds without progress after which the downloads have stalled."""
        return max(LIMIT, self._limit)

    def begin(self, name: str) -> None:
        """Note that a download begins. One that is tried again counts as the same."""
        with self._lock:
            if name in self._addresses and name not in self._running:
                self._running[name] = 0
                self._note_progress()

    def begin_all(self) -> None:
        """Note that all downloads begin."""
        for name in self._addresses:
            self.begin(name)

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

    def end_all(self) -> None:
        """Note that all packages are complete."""
        with self._lock:
            self._running.clear()

    def _note_progress(self) -> None:
        self._bytes, self._moved = 0, time.monotonic()

    def stalled(self) -> str | None:
        """Return a sentence that names a download if none made progress for ``limit`` seconds, or None."""
        with self._lock:
            if not self._running or time.monotonic() - self._moved < self.limit:
                return None
            address = redact(self._addresses[next(iter(self._running))])
        return say(
            "The download of {address} was stopped, because it made no progress for {limit} seconds.",
            address=address,
            limit=f"{self.limit:g}",
        )
