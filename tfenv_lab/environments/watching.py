"""Tell clients that the environments changed, so that an open panel need not ask every few seconds."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_events import EventLogger

log = logging.getLogger(__name__)

SCHEMA_ID = "https://schema.jupyter.org/tfenv_lab/environments/v1"
#: Seconds between two looks, and how long they go on after a client asked. An open panel asks more often than that.
INTERVAL, KEEP = 4.0, 45.0


class Watch:
    """Watch that looks for changes of the environments as long as clients ask for them."""

    def __init__(self, listing: Callable[[], Awaitable[str]], logger: EventLogger | None) -> None:
        """Create a watch. ``listing`` returns the environments as JSON text; ``logger`` emits the events."""
        self._listing = listing
        self._logger = logger
        self._last: str | None = None
        self._until = 0.0
        self._looking: asyncio.Task[None] | None = None

    async def answer(self) -> str:
        """Return the environments as JSON text, and look for changes from now on."""
        text = await self._look()
        self._until = time.monotonic() + KEEP
        if self._logger is not None and (self._looking is None or self._looking.done()):
            self._looking = asyncio.ensure_future(self._watch())
        return text

    def stop(self) -> None:
        """End looking for changes."""
        if self._looking is not None:
            self._looking.cancel()

    async def _watch(self) -> None:
        while time.monotonic() < self._until:
            await asyncio.sleep(INTERVAL)
            # A client that asks gets the error; here, the next look may succeed.
            with contextlib.suppress(Exception):
                await self._look()

    async def _look(self) -> str:
        text = await self._listing()
        before, self._last = self._last, text
        # Also if a client found the change first: there may be others.
        if before is not None and text != before and self._logger is not None:
            self._logger.emit(schema_id=SCHEMA_ID, data={})
        return text
