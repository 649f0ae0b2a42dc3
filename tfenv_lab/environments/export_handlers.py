"""``environments/{id}/export``: an environment as a file."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..base import BaseHandler
from ..errors import InvalidRequest
from .exporting import export


class ExportHandler(BaseHandler):
    """The file of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Answer with the file's text; ``specs=all`` puts every package into an environment.yml."""
        environment = await self.services.environments.get(identifier)
        format_ = self.get_query_argument("format", "")
        if not format_:
            raise InvalidRequest("The query needs “format”.")
        text = await export(environment, format_, self.get_query_argument("specs", "requested"), self.services.conda)
        self.finish(text, set_content_type="text/plain; charset=utf-8")


HANDLERS: list[tuple[str, type[BaseHandler]]] = [(r"environments/([^/]+)/export", ExportHandler)]
