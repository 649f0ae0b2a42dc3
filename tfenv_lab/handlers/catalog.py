"""``tensorflow`` and ``packages``: what the configured channels offer."""

from __future__ import annotations

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import InvalidRequest
from .base import BaseHandler

_MAX_QUERY = 128


class CatalogHandler(BaseHandler):
    """``GET tensorflow``: the TensorFlow releases on the configured channels."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        prereleases = self.get_query_argument("prereleases", "0") in ("1", "true")
        cuda = self.get_query_argument("cuda", None)
        self.send(await self.services.catalog.get(prereleases, cuda or None))


class AvailablePackagesHandler(BaseHandler):
    """``GET packages``: search packages by name, as the user types."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        query = self.get_query_argument("query", "")
        if not query or len(query) > _MAX_QUERY:
            raise InvalidRequest(f"“query” must be a string of 1 to {_MAX_QUERY} characters.")
        self.send({"packages": await self.services.repodata.search(query)})


HANDLERS: list[tuple[str, type[BaseHandler]]] = [
    (r"tensorflow", CatalogHandler),
    (r"packages", AvailablePackagesHandler),
]
