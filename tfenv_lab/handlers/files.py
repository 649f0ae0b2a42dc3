"""``files``: recognize a file that describes an environment."""

from __future__ import annotations

import asyncio

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import InvalidRequest
from ..plans.recognition import recognize
from ..sentences import say
from .base import BaseHandler


class FilesHandler(BaseHandler):
    """``POST files``: the format of a file, and a name for its environment."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        body = self.body()
        content, name = body.get("content"), body.get("name")
        if not isinstance(content, str):
            raise InvalidRequest(say("“content” must be a string."))
        if name is not None and not isinstance(name, str):
            raise InvalidRequest(say("“name” must be a string or null."))
        self.send(await asyncio.to_thread(recognize, content, name))


HANDLERS: list[tuple[str, type[BaseHandler]]] = [(r"files", FilesHandler)]
