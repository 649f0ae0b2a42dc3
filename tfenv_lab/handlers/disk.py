"""``disk``: what takes the space on the disks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import BaseHandler

if TYPE_CHECKING:
    from ..space.models import Disk


class DiskHandler(BaseHandler):
    """``GET disk``."""

    _measuring: asyncio.Task[Disk] | None = None

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Measure the disk, which takes a moment the first time, unless the client goes away."""
        measuring = asyncio.ensure_future(self.services.space.disk())
        self._measuring = measuring
        self.send(await measuring)

    def on_connection_close(self) -> None:
        """Stop measuring if nobody waits for the answer."""
        super().on_connection_close()
        if self._measuring is not None:
            self._measuring.cancel()


HANDLERS = [(r"disk", DiskHandler)]
