"""Run a rollout: install on all nodes, again on those that left and came back, let them enter; then late nodes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from ..errors import JobFailed
from ..models import NodeResult, NodeState
from ..nodes.lockfile import LockFile
from ..nodes.orders import Order
from ..sentences import say
from .distribution import FEWEST, Shipment, distribution
from .engine import Departed, Engine, Place
from .entering import Batches, Entering
from .models import ClusterNode, Inside, Planned, RolloutPlan
from .planner import AT_ONCE, looked_into, planned

#: How many times a node that left and came back is tried again.
RETRIES = 2
#: Seconds to wait for a node that left, and between two looks.
RETURN, LOOK = 30.0, 0.5


class RunningRollout:
    """The installation of a lock on the nodes of a plan. ``tell`` hears of every node whose state changes.

    With ``batches``, the nodes also enter the environment, or what they ran before if the plan has no name. With
    ``follow``, nodes that join meanwhile are treated like the others. From ``fewest`` nodes on, packages that several
    lack are downloaded once.
    """

    def __init__(
        self,
        engine: Engine,
        plan: RolloutPlan,
        lock: LockFile,
        tell: Callable[[NodeResult], None] = lambda result: None,
        *,
        batches: Batches | None = None,
        follow: bool = False,
        fewest: int = FEWEST,
    ) -> None:
        self._engine = engine
        self._plan = plan
        self._lock = lock
        self._tell = tell
        self._batches = batches
        self._follow = follow
        self._fewest = fewest
        self._distribution: Shipment | None = None
        self._places: Mapping[str, Place] = {}
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._results: dict[str, NodeResult] = {}

    @property
    def results(self) -> list[NodeResult]:
        """The nodes, by name."""
        return sorted(self._results.values(), key=lambda result: result.name)

    async def run(self) -> list[NodeResult]:
        """Do the parts of all nodes, and return what became of each. One that fails does not stop other installations.

        A rollout that is cancelled ends its installations; those that are finished stay. Raises ClusterBusy if another
        rollout lets nodes enter, or ClusterUnreachable.
        """
        async with contextlib.nullcontext() if self._batches is None else self._engine.turn():
            return await self._run()

    async def _run(self) -> list[NodeResult]:
        plan, nodes = self._plan, self._plan.nodes
        while nodes:
            await self._install_all(nodes)
            await self._enter_all(nodes)
            late = [node for node in await self._engine.nodes() if node.name not in self._results]
            nodes = ()
            if late and self._follow:
                enters = self._batches is not None
                nodes = await planned(self._engine, self._lock, plan.name, plan.digest, late, enters=enters)
        await self._prune()
        return self.results

    async def _prune(self) -> None:
        """Delete old versions on the nodes that the rollout changed, if all of its nodes have what it brings."""
        plan = self._plan
        done: NodeState = "ready" if self._batches is None else "inside"
        changed = [each.node.name for each in plan.nodes if each.plan.action != "none"]
        if not plan.name or not changed or any(result.state != done for result in self._results.values()):
            return
        found = await looked_into(self._engine, await self._engine.nodes())
        kept = {name for _, inside in found if isinstance(inside, Inside) for name in (inside.name, inside.previous)}
        order = Order("prune", LockFile(""), plan.name, "", kept=tuple(sorted(filter(None, kept))))

        async def one(node: ClusterNode) -> None:
            async with self._slots:
                with contextlib.suppress(Departed):
                    answer = await self._engine.call(node, order)
                    if answer.note:
                        result = self._results[node.name]
                        self._keep(replace(result, note=" ".join(filter(None, (result.note, answer.note)))))

        await asyncio.gather(*(one(node) for node, _ in found if node.name in changed))

    async def _enter_all(self, nodes: Sequence[Planned]) -> None:
        if self._batches is None:
            return
        failed = sum(result.state in ("failed", "lost") for result in self._results.values())
        ready = [self._results[each.node.name] for each in nodes]
        entering = Entering(self._engine, self._plan.name or None, self._keep, self._batches)
        await entering.run((result for result in ready if result.state == "ready"), failed)

    async def _install_all(self, nodes: Sequence[Planned]) -> None:
        for each in nodes:
            self._keep(NodeResult(each.node.name, each.node.address, "waiting", each.plan.prefix or None))
        coming = [each for each in nodes if each.plan.action == "install"]
        self._distribution = await distribution(self._lock, coming, self._fewest)
        async with contextlib.AsyncExitStack() as stack:
            self._places = {}
            if self._distribution is not None:
                for each in coming:
                    self._keep(replace(self._results[each.node.name], state="installing"))
                self._places = await stack.enter_async_context(self._engine.distributed(self._distribution))
            await self._together(nodes)

    async def _together(self, nodes: Sequence[Planned]) -> None:
        tasks = [asyncio.ensure_future(self._one(each)) for each in nodes]
        try:
            await asyncio.gather(*tasks)
        finally:
            # If the scheduler is gone or the rollout is cancelled, no installation goes on.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _one(self, each: Planned) -> None:
        result = self._results[each.node.name]
        if each.plan.action != "install":
            is_inside = self._batches is not None and each.plan.action == "none"
            state: NodeState = "skipped" if each.plan.error else "inside" if is_inside else "ready"
            self._keep(replace(result, state=state, error=each.plan.error))
            return
        async with self._slots:
            await self._install(each.node)

    async def _install(self, node: ClusterNode) -> None:
        place = self._places.get(node.address, Place())
        problem = f"The worker downloaded its packages itself. {place.problem}" if place.problem else None
        found: ClusterNode | None = node
        for attempt in range(RETRIES + 1):
            if found is None:
                break
            result = replace(self._results[node.name], state="installing", address=found.address)
            self._keep(result)
            try:
                answer = await self._engine.call(found, self._order(node, place if attempt == 0 else Place()))
            except Departed as error:
                told = JobFailed(say("The worker left the cluster during the installation."), str(error)).to_json()
                self._keep(replace(result, state="lost", error=told))
                found = await self._returned(found) if attempt < RETRIES else None
                continue
            if answer.error is not None:
                self._keep(replace(result, state="failed", error=answer.error))
            else:
                self._keep(
                    replace(result, state="ready", prefix=answer.prefix, error=None, note=answer.note or problem)
                )
            return

    def _order(self, node: ClusterNode, place: Place) -> Order:
        archives = self._distribution.archives[node] if self._distribution is not None and place.folder else ()
        what = self._lock, self._plan.name, self._plan.digest
        return Order("install", *what, folder=place.folder, archives=archives)

    async def _returned(self, left: ClusterNode) -> ClusterNode | None:
        """Return the node with the same name at another address, or None if it stays away."""
        for _ in range(max(1, int(RETURN / LOOK))):
            for node in await self._engine.nodes():
                if node.name == left.name and node.address != left.address:
                    return node
            await asyncio.sleep(LOOK)
        return None

    def _keep(self, result: NodeResult) -> None:
        self._results[result.name] = result
        self._tell(result)
