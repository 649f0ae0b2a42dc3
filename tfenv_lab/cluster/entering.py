"""Let nodes enter an environment: probe all, then one, then batches, as long as few enough have failed."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, replace

from ..errors import ClusterMismatch, ClusterUnreachable, JobFailed, TfenvError, from_json
from ..models import NodeResult, NodeState
from ..nodes.lockfile import LockFile
from ..nodes.orders import Order
from ..plan_request_fields import check_batch
from ..sentences import say
from .engine import Departed, Engine
from .models import ClusterNode, Inside
from .planner import AT_ONCE

#: How many times a node that came back without the environment is tried again.
RETRIES = 2
#: Seconds to wait until a node is back, and between two looks.
RETURN, LOOK = 120.0, 0.3


@dataclass(frozen=True)
class Batches:
    """How many nodes enter at the same time, as in “4” or “10%”, and how many may fail before no more enter."""

    batch: str = "10%"
    max_failed: int = 0

    def __post_init__(self) -> None:
        check_batch(self.batch, self.max_failed)

    def size(self, count: int) -> int:
        """Return the number of nodes in a batch, if all are ``count``."""
        if self.batch.endswith("%"):
            return max(1, math.ceil(count * int(self.batch[:-1]) / 100))
        return int(self.batch)


class Entering:
    """Nodes that enter the environment ``name``, or what they ran before if it is None. ``keep`` is told all states."""

    def __init__(
        self, engine: Engine, name: str | None, keep: Callable[[NodeResult], None], batches: Batches = Batches()
    ) -> None:
        self._engine = engine
        self._name = name
        self._keep = keep
        self._batches = batches
        self._failed = 0

    async def run(self, ready: Iterable[NodeResult], failed: int = 0) -> None:
        """Let these nodes enter. ``failed`` others have failed before.

        A run that is cancelled begins no more; a node whose process starts again meanwhile finishes that.
        """
        self._failed = failed
        nodes = list(ready)
        if self._name is not None:
            can = await self._together(self._probe, nodes)
            nodes = [each for each, is_able in zip(nodes, can, strict=True) if is_able]
        size = self._batches.size(len(nodes))
        # The first one alone shows whether the environment works at all.
        batches = [nodes[:1], *(nodes[start : start + size] for start in range(1, len(nodes), size))]
        for position, batch in enumerate(batches):
            if self._failed > self._batches.max_failed:
                self._leave(batches[position:], f"{self._failed} workers failed, and {self._batches.max_failed} may.")
                return
            done = await self._together(self._enter, batch)
            if position == 0 and done == [False]:
                self._leave(batches[1:], "The first worker could not enter it.")
                return

    def _leave(self, batches: Sequence[Sequence[NodeResult]], reason: str) -> None:
        for each in (node for batch in batches for node in batch):
            error = JobFailed(
                say("The worker did not enter the environment."), reason, say("See the workers that failed.")
            )
            self._keep(replace(each, state="skipped", error=error.to_json()))

    async def _together(
        self, function: Callable[[NodeResult], Coroutine[None, None, None]], nodes: Sequence[NodeResult]
    ) -> list[bool]:
        """Run a function for several nodes at the same time, and return for each whether it succeeded."""
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(node: NodeResult) -> bool:
            async with slots:
                try:
                    await function(node)
                except ClusterUnreachable:
                    raise
                except Departed as error:
                    self._fail(node, "lost", JobFailed(say("The worker left the cluster."), str(error)))
                except TfenvError as error:
                    self._fail(node, "failed", error)
                else:
                    return True
                return False

        tasks = [asyncio.ensure_future(one(node)) for node in nodes]
        try:
            return list(await asyncio.gather(*tasks))
        finally:
            # If the scheduler is gone or the rollout is cancelled, nothing goes on.
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _fail(self, node: NodeResult, state: NodeState, error: TfenvError) -> None:
        self._failed += 1
        self._keep(replace(node, state=state, error=error.to_json()))

    async def _probe(self, result: NodeResult) -> None:
        """Verify that a worker could run in the environment: there is no way back from one that cannot start."""
        order = Order("probe", LockFile(""), self._name or "", "")
        answer = await self._engine.call(ClusterNode(result.name, result.address), order)
        if answer.error is not None:
            raise from_json(answer.error)
        found, wanted = answer.versions.get("distributed"), (await self._engine.versions())["distributed"]
        if found != wanted:
            raise ClusterMismatch(
                say(
                    "{prefix} has distributed {found}, but the scheduler runs {wanted}.",
                    prefix=answer.prefix,
                    found=found,
                    wanted=wanted,
                )
            )

    async def _enter(self, result: NodeResult) -> None:
        node, target = ClusterNode(result.name, result.address), self._name
        before: Inside | None = None
        for _ in range(RETRIES + 1):
            self._keep(replace(result, state="draining", address=node.address))
            try:
                before = await self._engine.inside(node)
                if target is None:
                    target = before.previous
                if target is None:
                    raise JobFailed(say("The worker has nothing to go back to."))
                if before.name != target:
                    await self._start_again(node, target)
            except Departed:
                # It died, or somebody ended it. It may come back.
                pass
            back = await self._returned(node, before, target)
            if back is None:
                raise Departed(f"It did not come back within {RETURN:g} seconds.")
            node, inside = back
            if inside.name == target:
                found = inside.prefix if target else None
                self._keep(replace(result, state="inside", address=node.address, prefix=found, error=None))
                return
        raise Departed(f"It came back without the environment {RETRIES + 1} times.")

    async def _start_again(self, node: ClusterNode, target: str) -> None:
        problem = "The rollout was cancelled."
        try:
            problem = await self._engine.drain(node) or await self._engine.enter(node, target) or ""
        finally:
            if problem:
                with contextlib.suppress(Departed, TfenvError):
                    await self._engine.resume(node)
        if problem:
            raise JobFailed(say("The worker cannot enter the environment."), problem)

    async def _returned(
        self, left: ClusterNode, before: Inside | None, target: str | None
    ) -> tuple[ClusterNode, Inside] | None:
        """Return the node with the same name in a new process or with the environment, or None if it stays away."""
        deadline = time.monotonic() + RETURN
        while time.monotonic() < deadline:
            for node in await self._engine.nodes():
                if node.name == left.name:
                    with contextlib.suppress(Departed):
                        inside = await self._engine.inside(node)
                        if before is None or inside.process != before.process or inside.name == target:
                            return node, inside
            await asyncio.sleep(LOOK)
        return None
