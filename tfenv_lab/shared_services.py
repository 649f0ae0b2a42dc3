"""Create the services of a server once, and import what they need before the first request."""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .cluster.service import ClusterService
    from .services import Services

#: Modules that requests and kernels import when they first need them. Their import takes a tenth of a second.
_ENGINE = (
    "conda.formats.exact",
    "conda.formats.reading",
    "conda.prefix.revisions",
    "conda.solving.candidates",
    "conda.solving.solve",
    "conda.transaction.apply",
    "environments.comparing",
    "environments.files",
    "environments.finding",
    "environments.packages",
    "environments.why",
    "kernels.provisioner",
    "kernels.settings",
    "plans.imports",
    "plans.modules",
    "plans.newest",
    "plans.suggestions",
    "space.service",
    "tensorflow.catalog.releases",
    "tensorflow.catalog.selection",
    "tensorflow.catalog.nearby",
    "tensorflow.pip_commands",
)


class SharedServices:
    """Holder that creates the services of a server once, in a thread, for the first request."""

    def __init__(self, build: Callable[[], Services]) -> None:
        self._build = build
        self._services: Services | None = None
        self._clusters: ClusterService | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> Services:
        """Return the services, after they are created."""
        async with self._lock:
            if self._services is None:
                self._services = await asyncio.to_thread(self._built)
        return self._services

    async def clusters(self) -> ClusterService:
        """Return the service of clusters, after it is created."""
        await self.get()
        if self._clusters is None:
            raise RuntimeError("the services are created together")
        return self._clusters

    @property
    def is_active(self) -> bool:
        """Whether jobs run or wait."""
        return self._services is not None and bool(self._services.jobs.running.all())

    async def start(self) -> None:
        """Create the services and start them."""
        await (await self.get()).start()

    async def stop(self) -> None:
        """Stop the services, if they were created."""
        if self._services is not None:
            await self._services.stop()

    def _built(self) -> Services:
        from .cluster.service import ClusterService

        services = self._build()
        self._clusters = ClusterService(services)
        # A request that imported one of them would hold up the event loop.
        for name in _ENGINE:
            importlib.import_module(f"{__package__}.{name}")
        # So would the first client, which reads certificates. A failure is reported by the request that needs it.
        with contextlib.suppress(Exception):
            _ = services.repodata.gateway
        return services
