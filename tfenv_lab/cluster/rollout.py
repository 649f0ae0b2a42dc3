"""Run a rollout: install on all nodes, again on those that left and came back, and on those that come late."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from ..errors import JobFailed
from ..nodes.lockfile import LockFile
from ..nodes.orders import Order
from .engine import Departed, Engine
from .models import ClusterNode, NodeResult, Planned, RolloutPlan
from .planner import AT_ONCE, planned

#: How many times a node that left and came back is tried again.
RETRIES = 2
#: Seconds to wait for a node that left, and between two looks.
RETURN, LOOK = 30.0, 0.5


class Rollout:
    """The installation of a lock on the nodes of a plan. ``tell`` hears of every node whose state changes.

    With ``follow``, nodes that join meanwhile get the environment, too.
    """

    def __init__(
        self,
        engine: Engine,
        plan: RolloutPlan,
        lock: LockFile,
        tell: Callable[[NodeResult], None] = lambda result: None,
        *,
        follow: bool = False,
    ) -> None:
        self._engine = engine
        self._plan = plan
        self._lock = lock
        self._tell = tell
        self._follow = follow
        self._order = Order("install", lock, plan.name, plan.digest)
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._results: dict[str, NodeResult] = {}

    @property
    def results(self) -> list[NodeResult]:
        """The nodes, by name."""
        return sorted(self._results.values(), key=lambda result: result.name)

    async def run(self) -> list[NodeResult]:
        """Install on all nodes, and return what became of each. One that fails does not stop the others.

        A rollout that is cancelled ends its installations; those that are finished stay.
        """
        await self._install_all(self._plan.nodes)
        while self._follow:
            late = [node for node in await self._engine.nodes() if node.name not in self._results]
            if not late:
                break
            plan = self._plan
            await self._install_all(await planned(self._engine, self._lock, plan.name, plan.digest, late))
        return self.results

    async def _install_all(self, nodes: Sequence[Planned]) -> None:
        for each in nodes:
            self._keep(NodeResult(each.node.name, each.node.address, "waiting", each.plan.prefix or None))
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
            self._keep(replace(result, state="skipped" if each.plan.error else "ready", error=each.plan.error))
            return
        async with self._slots:
            await self._install(each.node)

    async def _install(self, node: ClusterNode) -> None:
        found: ClusterNode | None = node
        for attempt in range(RETRIES + 1):
            if found is None:
                break
            result = replace(self._results[node.name], state="installing", address=found.address)
            self._keep(result)
            try:
                answer = await self._engine.call(found, self._order)
            except Departed as error:
                told = JobFailed("The worker left the cluster during the installation.", str(error)).to_json()
                self._keep(replace(result, state="lost", error=told))
                found = await self._returned(found) if attempt < RETRIES else None
                continue
            if answer.error is not None:
                self._keep(replace(result, state="failed", error=answer.error))
            else:
                self._keep(replace(result, state="ready", prefix=answer.prefix, error=None))
            return

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
