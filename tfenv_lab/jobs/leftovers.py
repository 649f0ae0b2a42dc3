"""Remember the files of deleted environments that could not be deleted, and try again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from pathlib import Path

from ..conda.transaction import staging
from ..conda.transaction.staging import Leftover


class Leftovers:
    """Trees of deleted or replaced environments that still exist, by path."""

    def __init__(self, log: logging.Logger) -> None:
        self._log = log
        self._known: dict[str, Leftover] = {}

    def all(self) -> list[Leftover]:
        """Return the leftovers that are known."""
        return list(self._known.values())

    def remember(self, leftovers: Iterable[Leftover]) -> None:
        """Add leftovers, and log each of them."""
        for leftover in leftovers:
            self._known[leftover.path] = leftover
            self._log.warning("%s", leftover.describe())

    async def try_again(self) -> None:
        """Try to delete what is left, and forget what is gone now."""
        for path in list(self._known):
            if await asyncio.to_thread(staging.discard, Path(path)) is None:
                self._known.pop(path, None)
