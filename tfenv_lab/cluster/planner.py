"""Plan a rollout: each node plans its own part, by its own configuration. Nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from .._version import __version__
from ..errors import ErrorJson, InvalidRequest, JobFailed, NotFound
from ..nodes.lockfile import LockFile
from ..nodes.orders import Answer, Order
from ..nodes.planning import NodePlan
from ..sentences import some
from .engine import Departed, Engine
from .models import ClusterNode, Planned, RolloutPlan

#: Number of nodes that work on an order at the same time.
AT_ONCE = 64


async def plan(engine: Engine, lock: LockFile, name: str, digest: str, names: Sequence[str] = ()) -> RolloutPlan:
    """Return the plan for the nodes with these names, or for all nodes. Raises NotFound or ClusterUnreachable."""
    nodes = await engine.nodes()
    if not nodes:
        raise NotFound(f"The cluster {engine.cluster} has no workers.", hint="Start workers, then try again.")
    known = {node.name for node in nodes}
    missing = [each for each in names if each not in known]
    if missing:
        raise NotFound(
            f"The cluster {engine.cluster} has no workers with these names: {some(missing, 5)}.",
            hint=f"Its workers are {some(sorted(known), 20)}.",
        )
    chosen = [node for node in nodes if not names or node.name in names]
    return RolloutPlan(engine.cluster, name, digest, await planned(engine, lock, name, digest, chosen))


async def planned(
    engine: Engine, lock: LockFile, name: str, digest: str, nodes: Sequence[ClusterNode]
) -> list[Planned]:
    """Return the plans of nodes, in the same order."""
    slots = asyncio.Semaphore(AT_ONCE)
    order = Order("plan", lock, name, digest)

    async def one(node: ClusterNode) -> Planned:
        async with slots:
            try:
                return Planned(node, of_answer(await engine.call(node, order)))
            except Departed as error:
                return Planned(node, _impossible(JobFailed("The worker left the cluster.", str(error)).to_json()))

    return list(await asyncio.gather(*map(one, nodes)))


def of_answer(answer: Answer) -> NodePlan:
    """Return the plan in an answer; an error makes the installation impossible."""
    if answer.error is not None:
        return _impossible(answer.error)
    if answer.version != __version__:
        message = f"The node has tfenv_lab {answer.version}, but this is {__version__}."
        return _impossible(InvalidRequest(message, hint="Install the same version on all machines.").to_json())
    return answer.plan or _impossible(JobFailed("The node did not answer with a plan.").to_json())


def _impossible(error: ErrorJson) -> NodePlan:
    return NodePlan("impossible", "", error)
