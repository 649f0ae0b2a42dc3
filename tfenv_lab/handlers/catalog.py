"""``tensorflow``, ``packages`` and ``conda-specs``: what channels and indexes offer, and specs for pip's packages."""

from __future__ import annotations

from functools import partial

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..errors import InvalidRequest
from ..sentences import say
from .base import BaseHandler

_MAX_MODULE = 128


class CatalogHandler(BaseHandler):
    """``GET tensorflow``: the TensorFlow releases on the configured channels, or on chosen ones."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        prereleases = self.get_query_argument("prereleases", "0") in ("1", "true")
        cuda = self.get_query_argument("cuda", None)
        catalog = self.services.catalog_of(self.get_query_arguments("channel"))
        self.send(await catalog.get(prereleases, cuda or None))


class AvailablePackagesHandler(BaseHandler):
    """``GET packages``: search packages by name, as the user types, on the configured channels or on chosen ones."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        # The catalog of chosen channels keeps what was read of them, for the next key.
        repodata = self.services.catalog_of(self.get_query_arguments("channel")).repodata
        self.send({"packages": await self.services.search.find(self.get_query_argument("query", ""), repodata)})


class CondaSpecsHandler(BaseHandler):
    """``POST conda-specs``: the specs that request what a ``pip install`` command installs, or what has a module."""

    @web.authenticated
    @authorized
    async def post(self) -> None:
        # The server starts sooner without what few requests need.
        from ..plans.modules import spec_for
        from ..pypi import settings as index_settings
        from ..tensorflow.pip_commands import specs_for

        body = self.body()
        module = body.get("module")
        if isinstance(module, str) and module.isidentifier() and len(module) <= _MAX_MODULE and len(body) == 1:
            spec = await spec_for(module, self.services.search)
            self.send({"specs": [spec] if spec else []})
            return
        arguments = body.get("arguments")
        if not isinstance(arguments, list) or not all(isinstance(text, str) for text in arguments):
            raise InvalidRequest(say("“arguments” must be a list of strings, or “module” the name of a Python module."))
        policy = self.services.index_policy
        configured = partial(index_settings.read, policy)
        self.send({"specs": await specs_for(arguments, self.services.repodata, configured)})


HANDLERS: list[tuple[str, type[BaseHandler]]] = [
    (r"tensorflow", CatalogHandler),
    (r"packages", AvailablePackagesHandler),
    (r"conda-specs", CondaSpecsHandler),
]
