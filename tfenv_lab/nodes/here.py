"""Install a lock on this machine in one call, as a cluster's task or a script does it."""

from __future__ import annotations

import asyncio
from functools import partial

from .apply import Applied, apply, until_finished
from .configuration import NodeConfiguration
from .lockfile import LockFile


def install(lock: LockFile, name: str, configuration: NodeConfiguration | None = None) -> Applied:
    """Make the environment with this name equal to a lock, and wait until it is. Raises what ``apply`` raises."""
    return asyncio.run(_install(lock, name, configuration or NodeConfiguration()))


async def _install(lock: LockFile, name: str, configuration: NodeConfiguration) -> Applied:
    from ..services import Services

    services = await asyncio.to_thread(Services, configuration, only=("directories",))
    try:
        return await apply(services, lock, name, partial(until_finished, services))
    finally:
        await services.stop()
