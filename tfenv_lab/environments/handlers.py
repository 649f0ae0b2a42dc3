"""``environments``: list, one, its packages, its kernelspec, and its removal."""

from __future__ import annotations

import asyncio
from pathlib import Path

from jupyter_server.auth.decorator import authorized
from tornado import web

from ..base import BaseHandler
from ..conda import revisions
from ..kernels import settings


class EnvironmentsHandler(BaseHandler):
    """All environments."""

    @web.authenticated
    @authorized
    async def get(self) -> None:
        """Answer with every environment."""
        self.finish(await self.services.environments.listing())


class EnvironmentHandler(BaseHandler):
    """One environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Answer with the environment."""
        self.send((await self.services.environments.get(identifier)).to_json())

    @web.authenticated
    @authorized
    async def delete(self, identifier: str) -> None:
        """Begin the removal and answer with its job."""
        environment = await self.services.environments.get(identifier)
        job = await self.services.jobs.remove(environment)
        self.send(job, 202, f"jobs/{job.id}")


class PackagesHandler(BaseHandler):
    """The packages of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Answer with the packages by name."""
        packages = await self.services.environments.packages(identifier)
        self.send({"packages": [package.to_json() for package in packages]})


class SizeHandler(BaseHandler):
    """The size of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Measure the environment, which takes a moment, and answer with its size."""
        self.send(await self.services.environments.size(identifier))


class RevisionsHandler(BaseHandler):
    """The history of one environment."""

    @web.authenticated
    @authorized
    async def get(self, identifier: str) -> None:
        """Answer with the revisions, newest first."""
        environment = await self.services.environments.readable(identifier)
        found = await asyncio.to_thread(revisions.read, Path(environment.prefix))
        self.send({"revisions": [revision.to_json() for revision in reversed(found)]})


class KernelspecHandler(BaseHandler):
    """The kernel of one environment."""

    @web.authenticated
    @authorized
    async def put(self, identifier: str) -> None:
        """Make the environment a kernel, with settings where the body has any, and answer with the environment."""
        wanted = settings.parse(self.body() if self.request.body else {})
        environment = await self.services.environments.readable(identifier)
        await self.services.kernels.change(Path(environment.prefix), environment.name, wanted)
        if wanted:
            await self.services.checks.begin_in_background(identifier)
        self.send((await self.services.environments.get(identifier)).to_json())

    @web.authenticated
    @authorized
    async def delete(self, identifier: str) -> None:
        """Take the kernel away and answer with the environment."""
        environment = await self.services.environments.get(identifier)
        await self.services.kernels.unregister(Path(environment.prefix))
        self.send((await self.services.environments.get(identifier)).to_json())


HANDLERS: list[tuple[str, type[BaseHandler]]] = [
    (r"environments", EnvironmentsHandler),
    (r"environments/([^/]+)", EnvironmentHandler),
    (r"environments/([^/]+)/packages", PackagesHandler),
    (r"environments/([^/]+)/size", SizeHandler),
    (r"environments/([^/]+)/revisions", RevisionsHandler),
    (r"environments/([^/]+)/kernelspec", KernelspecHandler),
]
