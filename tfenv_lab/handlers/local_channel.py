"""``local-channel``: build and use a channel with the Python of this machine, or return to the configured channels."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..server_status import status
from .base import BaseHandler


class LocalChannelHandler(BaseHandler):
    """``POST local-channel`` and ``DELETE local-channel``."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        job = await self.services.build_local_channel()
        self.send(job, 202, f"jobs/{job.id}")

    @web.authenticated
    @authorized
    async def delete(self) -> None:
        await self.services.leave_local_channel()
        self.send(await asyncio.to_thread(status, self.services))


HANDLERS = [(r"local-channel", LocalChannelHandler)]
