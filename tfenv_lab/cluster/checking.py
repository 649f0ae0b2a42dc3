"""Check an environment on the nodes of a cluster: TensorFlow on each, then an all_reduce between two of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ..errors import ErrorJson, JobFailed
from ..models import Advice, NodeResult, NodeState
from ..nodes.lockfile import LockFile
from ..nodes.orders import Order
from ..sentences import joined, say
from ..tensorflow.checks.models import Check
from . import training
from .engine import Departed, Engine
from .models import ClusterNode
from .planner import AT_ONCE
from .training import Script

#: Seconds that the all_reduce may take, with two imports of TensorFlow.
LIMIT = 300.0
#: Number of characters of its output that an error shows.
_SHOWN = 2000
#: Script that the environment's own Python runs; it must not import this package.
_ALL_REDUCE = Path(__file__).with_name("all_reduce.py")


class RunningCheck:
    """A check of the environment ``name`` on nodes. ``tell`` hears of every node whose state changes."""

    def __init__(self, engine: Engine, name: str, tell: Callable[[NodeResult], None] = lambda result: None) -> None:
        self._engine = engine
        self._name = name
        self._tell = tell
        self._results: dict[str, NodeResult] = {}
        #: What the all_reduce showed, or why there was none.
        self.advice: Advice | None = None

    @property
    def results(self) -> list[NodeResult]:
        """The nodes, by name."""
        return sorted(self._results.values(), key=lambda result: result.name)

    async def run(self, nodes: Sequence[ClusterNode]) -> list[NodeResult]:
        """Check nodes, and return what became of each. Raises ClusterUnreachable.

        A node that fails or leaves stops no other. A check that is cancelled ends everywhere.
        """
        for node in nodes:
            self._keep(NodeResult(node.name, node.address, "waiting"))
        slots = asyncio.Semaphore(AT_ONCE)

        async def one(node: ClusterNode) -> None:
            async with slots:
                await self._check(node)

        tasks = [asyncio.ensure_future(one(node)) for node in nodes]
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        await self._all_reduce([node for node in nodes if self._results[node.name].state == "works"])
        return self.results

    async def _check(self, node: ClusterNode) -> None:
        result = replace(self._results[node.name], state="checking")
        self._keep(result)
        try:
            answer = await self._engine.call(node, Order("check", LockFile(""), self._name, ""))
        except Departed as error:
            self._keep(_lost(result, error))
            return
        result = replace(result, prefix=answer.prefix)
        if answer.error is not None or answer.check is None:
            told = answer.error or JobFailed(say("The worker did not answer with a check.")).to_json()
            self._keep(replace(result, state="failed", error=told))
            return
        check = answer.check
        result = replace(result, tensorflow=check.tensorflow, gpus=sum(each.type == "GPU" for each in check.devices))
        if check.problems:
            self._keep(replace(result, state="failed", error=_error_of(check)))
        else:
            self._keep(replace(result, state="works"))

    async def _all_reduce(self, working: Sequence[ClusterNode]) -> None:
        if len(working) < 2:
            text = say(
                "No all_reduce was tried, because it needs two workers on which TensorFlow works; there are {count}.",
                count=len(working),
            )
            self.advice = Advice("no-all-reduce", "info", text)
            return
        pair = _pair(working)
        before = [self._results[node.name] for node in pair]
        for result in before:
            self._keep(replace(result, state="checking"))
        output: list[str] = ["", ""]

        def hear(rank: int, lines: str) -> None:
            output[rank] = (output[rank] + lines)[-_SHOWN:]

        script = Script(_ALL_REDUCE.read_text(encoding="utf-8"), _ALL_REDUCE.name)
        ranks = await training.run(self._engine, pair, self._name, script, hear, LIMIT)
        for result, rank in zip(before, ranks, strict=True):
            if rank.error is None:
                # One that was ended because of the other has no fault.
                self._keep(result)
                continue
            error = JobFailed(
                say("The all_reduce between {first} and {second} failed.", first=pair[0].name, second=pair[1].name),
                joined("\n", (rank.error["message"], rank.error["details"], output[rank.rank])),
                say("Make sure that the workers can reach each other on all ports."),
            )
            state: NodeState = "lost" if rank.state == "lost" else "failed"
            self._keep(replace(result, state=state, error=error.to_json()))
        if all(rank.state == "succeeded" for rank in ranks):
            text = say("The all_reduce between {first} and {second} worked.", first=pair[0].name, second=pair[1].name)
            self.advice = Advice("all-reduce", "info", text)

    def _keep(self, result: NodeResult) -> None:
        self._results[result.name] = result
        self._tell(result)


def failure_of(results: Sequence[NodeResult]) -> JobFailed | None:
    """Return the error of a check that failed on some nodes, or None."""
    failed = [result for result in results if result.error is not None]
    if not failed:
        return None
    return JobFailed(
        say("The check failed on {count} of {all} workers.", count=len(failed), all=len(results)),
        hint=say("See the reason of each worker."),
    )


def _pair(nodes: Sequence[ClusterNode]) -> tuple[ClusterNode, ClusterNode]:
    """Return two nodes, of different machines if there are any."""
    first, *others = nodes
    host = first.address.rpartition(":")[0]
    return first, next((node for node in others if node.address.rpartition(":")[0] != host), others[0])


def _lost(result: NodeResult, error: Departed) -> NodeResult:
    failure = JobFailed(say("The worker left the cluster during the check."), str(error))
    return replace(result, state="lost", error=failure.to_json())


def _error_of(check: Check) -> ErrorJson:
    """Return the first problem of a check as an error, with the others as its details."""
    first, *others = check.problems
    details = joined("\n", (first.details, *(problem.sentence("message") for problem in others)))
    hint = first.remedy.sentence("message") if first.remedy else None
    return JobFailed(first.sentence("message") or "", details or None, hint).to_json()
