"""Let one rollout at a time start the workers of a cluster again.

The scheduler holds a lease, which ends by itself soon after the holder has died, and the holder's description.
"""

from __future__ import annotations

import asyncio
import contextlib
import getpass
import os
import platform
from collections.abc import AsyncIterator
from datetime import datetime, timezone
from typing import Any

import dask.config
import distributed

from ...errors import ClusterBusy
from ...sentences import say

#: Seconds after which the scheduler gives away the turn of a holder that has died. It tests this every 10 seconds.
LEASE = 30

#: Name of the lease and of the description on the scheduler.
_NAME = "tfenv-lab-rollout"
#: Number of characters of a description that an error shows: other programs can write it.
_SHOWN = 200

#: It has no types.
library: Any = distributed


@contextlib.asynccontextmanager
async def turn(client: Any, cluster: str, patience: float) -> AsyncIterator[None]:
    """Hold the turn. Raises ClusterBusy if another rollout holds it, and OSError without a scheduler."""
    # A configuration without a limit would keep the turn of a dead holder for ever.
    with dask.config.set({"distributed.scheduler.locks.lease-timeout": LEASE}):
        lease = library.Semaphore(1, _NAME, client.scheduler, client.loop)
        await asyncio.wait_for(lease, patience)
    if not await asyncio.wait_for(lease.acquire(timeout=0), patience):
        raise _busy(cluster, await asyncio.wait_for(client.get_metadata(_NAME, None), patience))
    try:
        await asyncio.wait_for(client.set_metadata(_NAME, _description()), patience)
        yield
    finally:
        with contextlib.suppress(Exception):
            await asyncio.wait_for(client.set_metadata(_NAME, None), patience)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(lease.release(), patience)


def _busy(cluster: str, holder: object) -> ClusterBusy:
    if not isinstance(holder, str):
        return ClusterBusy(say("Another rollout already changes the workers of {cluster}.", cluster=cluster))
    return ClusterBusy(
        say(
            "Another rollout, started by {holder}, already changes the workers of {cluster}.",
            cluster=cluster,
            holder=holder[:_SHOWN],
        )
    )


def _description() -> str:
    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):
        # The user has no name, as in some containers.
        user = "?"
    now = datetime.now(timezone.utc)
    # It has no words, because its readers may use another language.
    return f"{user}@{platform.node()} (PID {os.getpid()}, {now:%Y-%m-%d %H:%M} UTC)"
