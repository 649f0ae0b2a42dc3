"""Plan what a lock would change on this machine: the node's own part of the plan of a rollout."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec import Struct

from ..errors import ErrorJson, InvalidRequest, TfenvError
from ..models import NodeAction
from ..sentences import say
from .apply import known
from .hashes import require_hashes
from .lockfile import LockFile

if TYPE_CHECKING:
    from ..plans.models import Plan
    from ..services import Services


class NodePlan(Struct, frozen=True):
    """What a lock changes on a machine: nothing, an installation, or nothing because it is impossible (``error``).

    ``download_bytes`` are those that are not in the machine's own cache, and ``lacks`` are the names of conda packages
    that are not there.
    """

    action: NodeAction
    prefix: str
    error: ErrorJson | None = None
    download_bytes: int = 0
    needed_bytes: int = 0
    free_bytes: int | None = None
    lacks: tuple[str, ...] = ()


async def plan(services: Services, lock: LockFile, name: str, digest: str) -> NodePlan:
    """Plan the environment with this name. ``digest`` is that of the lock where the rollout began.

    The machine's own configuration decides: its channels, its platform, its drivers and its free space.

    Of the services, only ``directories`` must exist; the others are created if there is something to do.
    """
    prefix = services.envs_dir / name
    if await asyncio.to_thread(known, prefix, lock) == digest:
        return NodePlan("none", str(prefix))
    await asyncio.to_thread(services.prepare)
    found: Plan | None = None
    try:
        found = await services.plans.create(lock.request(name))
        if found.digest != digest:
            raise InvalidRequest(
                say("The channels of this machine have other packages under the same names."),
                hint=say("Compare the channels in the .condarc of this machine with those of yours."),
            )
        if found.environment is not None and not found.entries:
            return NodePlan("none", found.prefix)
        await asyncio.to_thread(_require_possible, services, found)
    except TfenvError as error:
        free = found.free_bytes if found else None
        return NodePlan("impossible", str(prefix), error.to_json(), free_bytes=free)
    sizes = found.download_bytes, found.needed_bytes, found.free_bytes
    return NodePlan("install", found.prefix, None, *sizes, lacks=await _lacking(services, found))


async def _lacking(services: Services, found: Plan) -> tuple[str, ...]:
    from ..conda.transaction.linking import fetch_sizes

    records = await asyncio.to_thread(found.change.records) if found.change else []
    return tuple(sorted(await fetch_sizes(records, services.package_cache)))


def _require_possible(services: Services, found: Plan) -> None:
    """Raise what would make the job fail, or the packages useless on this machine."""
    from ..conda.formats.exact import unmet
    from ..conda.machine import virtual_packages
    from ..plans.room import require_room

    if found.change is not None:
        require_hashes(found.change)
        detected = virtual_packages.detect(virtual_packages.overrides(services.conda))
        lacking = unmet(found.change.records(), detected)
        if lacking:
            raise InvalidRequest(" ".join(lacking), hint=say("Choose packages that fit all machines of the cluster."))
        services.directories.require(found.change.prefix)
    require_room(found.room, services.directories.state)
