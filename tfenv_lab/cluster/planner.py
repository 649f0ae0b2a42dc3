"""Plan a rollout: each node plans its own part, by its own configuration. Nothing is changed."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from msgspec import structs

from .._version import __version__
from ..errors import ClusterMismatch, ErrorJson, InvalidRequest, JobFailed, NotFound
from ..nodes.lockfile import LockFile
from ..nodes.orders import Answer, Order
from ..nodes.planning import NodePlan
from ..sentences import say, some
from .engine import Departed, Engine
from .models import ClusterNode, Inside, Planned, RolloutPlan

#: Number of nodes that work on an order at the same time.
AT_ONCE = 64


async def plan(
    engine: Engine, lock: LockFile, name: str, digest: str, names: Sequence[str] = (), *, enters: bool = False
) -> RolloutPlan:
    """Return the plan for the nodes with these names, or for all nodes. Raises NotFound or ClusterUnreachable.

    With ``enters``, the nodes shall also run the environment.
    """
    nodes = await chosen(engine, names)
    return RolloutPlan(engine.cluster, name, digest, await planned(engine, lock, name, digest, nodes, enters=enters))


async def plan_back(engine: Engine, names: Sequence[str] = ()) -> RolloutPlan:
    """Return the plan after which the nodes run what they ran before. Nodes that only ran one thing are left out.

    Raises NotFound or ClusterUnreachable.
    """
    found = []
    for node, inside in await looked_into(engine, await chosen(engine, names)):
        if isinstance(inside, Inside) and inside.previous is not None:
            found.append(Planned(node, NodePlan("enter", inside.prefix)))
    if not found:
        raise NotFound(say("No worker of the cluster {cluster} has something to go back to.", cluster=engine.cluster))
    return RolloutPlan(engine.cluster, "", "", found)


async def chosen(engine: Engine, names: Sequence[str]) -> list[ClusterNode]:
    """Return the nodes with these names, or all nodes. Raises NotFound or ClusterUnreachable."""
    nodes = await engine.nodes()
    if not nodes:
        raise NotFound(
            say("The cluster {cluster} has no workers.", cluster=engine.cluster),
            hint=say("Start workers, then try again."),
        )
    known = {node.name for node in nodes}
    missing = [each for each in names if each not in known]
    if missing:
        raise NotFound(
            say(
                "The cluster {cluster} has no workers with these names: {names}.",
                cluster=engine.cluster,
                names=some(missing, 5),
            ),
            hint=say("Its workers are {names}.", names=some(sorted(known), 20)),
        )
    return [node for node in nodes if not names or node.name in names]


async def planned(
    engine: Engine, lock: LockFile, name: str, digest: str, nodes: Sequence[ClusterNode], *, enters: bool = False
) -> list[Planned]:
    """Return the plans of nodes, in the same order."""
    plans = await _installations(engine, lock, name, digest, nodes)
    if not enters:
        return plans
    looked = await looked_into(engine, nodes)
    return [
        Planned(each.node, _with_entering(each.plan, inside, name))
        for each, (_, inside) in zip(plans, looked, strict=True)
    ]


def _with_entering(plan: NodePlan, inside: Inside | ErrorJson, name: str) -> NodePlan:
    """Return the plan of a node that shall run the environment."""
    if not isinstance(inside, Inside):
        return _impossible(inside)
    if name == inside.name or inside.prefix == plan.prefix:
        return plan
    if inside.obstacle is not None:
        return _impossible(ClusterMismatch(inside.obstacle).to_json())
    return structs.replace(plan, action="enter") if plan.action == "none" else plan


async def looked_into(engine: Engine, nodes: Sequence[ClusterNode]) -> list[tuple[ClusterNode, Inside | ErrorJson]]:
    """Return what nodes run, or the error of one that does not say it."""
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(node: ClusterNode) -> tuple[ClusterNode, Inside | ErrorJson]:
        async with slots:
            try:
                return node, await engine.inside(node)
            except Departed as error:
                return node, JobFailed(say("The worker left the cluster."), str(error)).to_json()
            except JobFailed as error:
                return node, error.to_json()

    return list(await asyncio.gather(*map(one, nodes)))


async def _installations(
    engine: Engine, lock: LockFile, name: str, digest: str, nodes: Sequence[ClusterNode]
) -> list[Planned]:
    slots = asyncio.Semaphore(AT_ONCE)
    order = Order("plan", lock, name, digest)

    async def one(node: ClusterNode) -> Planned:
        async with slots:
            try:
                return Planned(node, of_answer(await engine.call(node, order)))
            except Departed as error:
                return Planned(node, _impossible(JobFailed(say("The worker left the cluster."), str(error)).to_json()))

    return list(await asyncio.gather(*map(one, nodes)))


def of_answer(answer: Answer) -> NodePlan:
    """Return the plan in an answer; an error makes the installation impossible."""
    if answer.error is not None:
        return _impossible(answer.error)
    if answer.version != __version__:
        message = say("The worker has tfenv_lab {theirs}, but this is {ours}.", theirs=answer.version, ours=__version__)
        return _impossible(InvalidRequest(message, hint=say("Install the same version on all machines.")).to_json())
    return answer.plan or _impossible(JobFailed(say("The worker did not answer with a plan.")).to_json())


def _impossible(error: ErrorJson) -> NodePlan:
    return NodePlan("impossible", "", error)
