"""``status`` and ``openapi.yaml``: the server's machine, channels, directories and limits, and the REST contract."""

from __future__ import annotations

import asyncio
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..server_status import status
from .base import BaseHandler

CONTRACT = Path(__file__).parent.parent / "rest-api.yaml"


class StatusHandler(BaseHandler):
    """``GET status``."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.send(await asyncio.to_thread(status, self.services))


class ContractHandler(BaseHandler):
    """``GET openapi.yaml``: the REST contract."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        self.finish(await asyncio.to_thread(CONTRACT.read_bytes), set_content_type="application/yaml")


HANDLERS: list[tuple[str, type[BaseHandler]]] = [(r"status", StatusHandler), (r"openapi\.yaml", ContractHandler)]
