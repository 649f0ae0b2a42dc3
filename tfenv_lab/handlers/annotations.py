"""``environments/{id}/annotations``: the note and the pins of an environment."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from .base import BaseHandler


class AnnotationsHandler(BaseHandler):
    """The note and the pins of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        self.send(await self.services.annotations.of(identifier))

    @web.authenticated
    @authorized
    async def patch(self, identifier: str) -> None:
        """Write the note or the pins in the body, and send both."""
        self.send(await self.services.annotations.change(identifier, self.body()))


HANDLERS: list[tuple[str, type[BaseHandler]]] = [(r"environments/([^/]+)/annotations", AnnotationsHandler)]
