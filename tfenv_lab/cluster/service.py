"""The clusters of a server: what their nodes run, the plans of rollouts, and checks.

What speaks to a cluster is a process of its own (``worker.py``): it imports Dask, and unpickles what a cluster sends.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import serde
from ..disk.space import free_bytes
from ..errors import ClusterUnreachable, JobFailed, NotFound, from_json
from ..jobs.starting import command
from ..models import Advice, ClusterEntry
from ..nodes.lockfile import LockFile
from ..plan_requests import Rollout as RolloutRequest
from ..plans.models import Plan
from ..sentences import say
from . import addresses, sources
from .entering import Batches
from .messages import MODULE, CheckNodes, ClusterAnswer, FindNodes, MakePlan, Run
from .models import ClusterNode, Inside, Planned
from .preparing import prepare

if TYPE_CHECKING:
    from ..jobs.models import Job
    from ..services import Services

#: Seconds within which a cluster must say what its nodes run, or must send their plans.
_LOOK, _PLAN = 60.0, 900.0


class ClusterService:
    """The clusters that the configuration names or the server has started. No address comes from a browser."""

    def __init__(self, services: Services) -> None:
        self._services = services
        services.plans.make_rollout = self.plan

    def all(self) -> list[dict[str, str]]:
        """Return the clusters of the REST contract."""
        found = sources.known(self._services.configuration.clusters)
        return [{"id": key, "name": each.name, "address": each.address} for key, each in found.items()]

    def _address(self, cluster: str) -> str:
        found = sources.known(self._services.configuration.clusters).get(cluster)
        if found is None:
            raise NotFound(
                say("The server knows no cluster “{cluster}”.", cluster=cluster[:80]),
                hint=say("Choose one of TfenvLab.clusters, or ask the administrator to add it."),
            )
        return addresses.check(found.address)

    async def nodes(self, cluster: str) -> list[dict[str, Any]]:
        """Return the nodes of a cluster, with what each of them runs. Raises NotFound or ClusterUnreachable."""
        answer = await _ask(FindNodes(self._address(cluster)), _LOOK)
        return [_node(node, inside) for node, inside in answer.nodes]

    async def check(self, cluster: str, environment: str) -> Job:
        """Start the job that checks an environment on the nodes of a cluster.

        Raises NotFound, PrefixBusy or ClusterNotAllowed, and what a plan raises.
        """
        address = self._address(cluster)
        found = await self._services.environments.get(environment)
        prepared = await prepare(self._services, found)
        run = serde.to_json(CheckNodes(address, prepared.version))
        return await self._services.jobs.check_nodes(found, cluster, run)

    async def plan(self, request: RolloutRequest) -> Plan:
        """Return the plan of a rollout. Raises NotFound, ClusterMismatch, ClusterUnreachable or ClusterNotAllowed."""
        address = self._address(request.cluster)
        environment = await self._services.environments.get(request.environment)
        batches = Batches(request.batch, request.max_failed)
        names = () if request.nodes == "all" else tuple(request.nodes)
        warnings: Sequence[Advice] = ()
        if request.mode == "back":
            lock, order = LockFile(""), MakePlan(address, request.mode, names)
        else:
            prepared = await prepare(self._services, environment)
            lock, warnings = prepared.lock, prepared.warnings
            order = MakePlan(
                address,
                request.mode,
                names,
                lock,
                prepared.version,
                prepared.digest,
                environment.name,
                prepared.packages,
                environment.id,
            )
        found = (await _ask(order, _PLAN)).plan
        if found is None:
            raise JobFailed(say("The process that speaks to the cluster returned no plan."))
        # Those that come late are followed, unless the user chose nodes.
        follow = not names and request.mode != "back"
        run = Run(address, request.mode, found, lock, batches.batch, batches.max_failed, follow)
        return Plan(
            id=secrets.token_hex(8),
            kind=request.kind,
            name=environment.name,
            prefix=environment.prefix,
            entries=[],
            download_bytes=sum(each.plan.download_bytes for each in found.nodes if each.plan.action == "install"),
            install_bytes=0,
            sizes_complete=True,
            free_bytes=await asyncio.to_thread(free_bytes, Path(environment.prefix)),
            warnings=list(warnings),
            commands=[],
            strategy="swap",
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            environment=environment.id,
            digest=found.digest or None,
            nodes=[_entry(each) for each in found.nodes],
            rollout=serde.to_json(run),
        )


def _entry(each: Planned) -> ClusterEntry:
    node, plan = each.node, each.plan
    sizes = plan.download_bytes, plan.needed_bytes, plan.free_bytes
    return ClusterEntry(node.name, node.address, plan.action, plan.prefix, *sizes, plan.error)


def _node(node: ClusterNode, inside: Inside | None) -> dict[str, Any]:
    return {
        "name": node.name,
        "address": node.address,
        "prefix": inside.prefix if inside else "",
        "inside": inside.name if inside else "",
        "can_go_back": inside is not None and inside.previous is not None,
        "obstacle": inside.obstacle if inside else "The worker left the cluster.",
    }


async def _ask(order: FindNodes | MakePlan, seconds: float) -> ClusterAnswer:
    """Let a process carry out an order, and return its answer. Raises the error in it."""
    return await asyncio.to_thread(_answer, order, seconds)


def _answer(order: FindNodes | MakePlan, seconds: float) -> ClusterAnswer:
    arguments, environ = command(os.environ, module=MODULE)
    try:
        ended = subprocess.run(  # noqa: S603 - our own code
            arguments, input=serde.dumps(order) + b"\n", capture_output=True, env=environ, timeout=seconds, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise ClusterUnreachable(
            say("The cluster did not answer within {seconds} seconds.", seconds=f"{seconds:g}")
        ) from error
    lines: Sequence[bytes] = ended.stdout.splitlines()
    try:
        answer: ClusterAnswer = serde.loads(lines[-1], ClusterAnswer)
    except (IndexError, serde.Unreadable) as error:
        raise JobFailed(
            say("The process that speaks to the cluster ended without an answer."),
            ended.stderr.decode(errors="replace")[-2000:],
        ) from error
    if answer.error is not None:
        raise from_json(answer.error)
    return answer
