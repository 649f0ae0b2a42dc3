"""``environments/{id}/export`` and ``…/differences``: an environment as a file, and beside one."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..base import BaseHandler
from ..errors import InvalidRequest
from .comparing import differences
from .exporting import export


class ExportHandler(BaseHandler):
    """The file of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Answer with the file's text; ``specs=all`` puts every package into an environment.yml."""
        environment = await self.services.environments.readable(identifier)
        format_ = self.get_query_argument("format", "")
        if not format_:
            raise InvalidRequest("The query needs “format”.")
        text = await export(environment, format_, self.get_query_argument("specs", "requested"), self.services.conda)
        self.finish(text, set_content_type="text/plain; charset=utf-8")


class DifferencesHandler(BaseHandler):
    """What sets one environment apart from a file."""

    @web.authenticated
    @authorized
    async def post(self, identifier: str) -> None:
        environment = await self.services.environments.readable(identifier)
        content = self.body().get("content")
        if not isinstance(content, str):
            raise InvalidRequest("The body needs “content”, a text.")
        self.send({"differences": await differences(environment, content, self.services.conda)})


HANDLERS: list[tuple[str, type[BaseHandler]]] = [
    (r"environments/([^/]+)/export", ExportHandler),
    (r"environments/([^/]+)/differences", DifferencesHandler),
]
