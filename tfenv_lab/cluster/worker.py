"""Process that speaks to a cluster for a server: ``python -m tfenv_lab.cluster.worker``, as a job or for one answer.

It reads its order, one line of JSON, from standard input, and writes JSON lines to standard output. If standard input
of a job ends, the job was cancelled or the server has died: then nothing more is begun, and drained nodes take tasks
again.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
import traceback
from collections.abc import Coroutine, Iterable

from .. import serde
from ..conda.transaction.progress import Progress
from ..errors import JobFailed, TfenvError
from ..jobs.messages import Failed, Message, NodesChanged, Noticed, ProgressMade, Succeeded
from ..jobs.worker import ORPHANED
from ..models import NodeResult, NodeState
from ..sentences import say
from .checking import RunningCheck, failure_of
from .connecting import connector
from .engine import Departed, Engine
from .entering import Batches
from .fitting import require_fit
from .messages import CheckNodes, ClusterAnswer, FindNodes, MakePlan, Order, Run
from .models import DONE, ClusterNode, Inside
from .planner import chosen, plan, plan_back
from .rollout import RunningRollout

#: Minimum seconds between two messages about the nodes.
INTERVAL = 0.5


def _send(message: Message | ClusterAnswer) -> None:
    sys.stdout.buffer.write(serde.dumps(message) + b"\n")
    sys.stdout.buffer.flush()


async def _look(order: FindNodes) -> ClusterAnswer:
    async with connector()(order.address) as engine:

        async def one(node: ClusterNode) -> tuple[ClusterNode, Inside | None]:
            try:
                return node, await engine.inside(node)
            except (Departed, JobFailed):
                return node, None

        return ClusterAnswer(tuple(await asyncio.gather(*map(one, await engine.nodes()))))


async def _plan(order: MakePlan) -> ClusterAnswer:
    async with connector()(order.address) as engine:
        if order.mode == "back":
            return ClusterAnswer(plan=await plan_back(engine, order.nodes))
        enters = order.mode == "inside"
        if enters:
            require_fit(order.name, order.packages, await engine.versions(), order.environment)
        what = order.lock, order.version, order.digest
        return ClusterAnswer(plan=await plan(engine, *what, order.nodes, enters=enters))


class _Teller:
    """Messages about the nodes, at most every ``INTERVAL`` seconds."""

    def __init__(self, done: NodeState, nodes: Iterable[ClusterNode]) -> None:
        self._done = done
        self._results = {node.name: NodeResult(node.name, node.address, "waiting") for node in nodes}
        self._sent = 0.0

    def keep(self, result: NodeResult) -> None:
        self._results[result.name] = result
        if time.monotonic() - self._sent >= INTERVAL:
            self.send()

    def send(self) -> None:
        self._sent = time.monotonic()
        results = sorted(self._results.values(), key=lambda result: result.name)
        ended = sum(result.state in (self._done, "failed", "lost", "skipped") for result in results)
        _send(NodesChanged(results, sum(result.state == self._done for result in results)))
        _send(ProgressMade(Progress(fraction=ended / max(1, len(results)))))


async def _run(order: Run) -> Message:
    teller = _Teller(DONE[order.mode], [each.node for each in order.plan.nodes])
    async with connector()(order.address) as engine:
        results = await _rolled_out(engine, order, teller)
    teller.send()
    missing = [result for result in results if result.state != DONE[order.mode]]
    if not missing:
        return Succeeded()
    counts = {"count": len(missing), "all": len(results)}
    message = say("{count} of {all} workers do not have the environment.", **counts)
    if order.mode != "beside":
        message = say("{count} of {all} workers run what they ran before.", **counts)
    hint = say("See the reason for each worker. To try again, plan the same rollout again.")
    return Failed(JobFailed(message, hint=hint).to_json())


async def _rolled_out(engine: Engine, order: Run, teller: _Teller) -> list[NodeResult]:
    batches = None if order.mode == "beside" else Batches(order.batch, order.max_failed)
    rollout = RunningRollout(engine, order.plan, order.lock, teller.keep, batches=batches, follow=order.follow)
    return await rollout.run()


async def _check(order: CheckNodes) -> Message:
    async with connector()(order.address) as engine:
        nodes = await chosen(engine, ())
        teller = _Teller("works", nodes)
        teller.send()
        check = RunningCheck(engine, order.version, teller.keep)
        failure = failure_of(await check.run(nodes))
    teller.send()
    if check.advice is not None:
        _send(Noticed(check.advice))
    return Succeeded() if failure is None else Failed(failure.to_json())


async def _until_orphaned(work: Coroutine[None, None, Message]) -> Message:
    loop, running = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def watch() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        loop.call_soon_threadsafe(running.cancel)

    threading.Thread(target=watch, daemon=True).start()
    return await running


def main() -> None:
    """Read the order, carry it out, and write the answer or the messages of the job."""
    line = sys.stdin.buffer.readline()
    if not line:
        # The job was cancelled before it began.
        os._exit(ORPHANED)
    order: Order = serde.loads(line, Order)
    is_job = isinstance(order, Run | CheckNodes)
    try:
        match order:
            case FindNodes():
                message: Message | ClusterAnswer = asyncio.run(_look(order))
            case MakePlan():
                message = asyncio.run(_plan(order))
            case Run():
                message = asyncio.run(_until_orphaned(_run(order)))
            case CheckNodes():
                message = asyncio.run(_until_orphaned(_check(order)))
    except (asyncio.CancelledError, KeyboardInterrupt):
        os._exit(ORPHANED)
    except Exception as error:
        if not isinstance(error, TfenvError):
            traceback.print_exc()
            error = JobFailed(say("The work on the cluster failed unexpectedly."), str(error))
        message = Failed(error.to_json()) if is_job else ClusterAnswer(error=error.to_json())
    _send(message)
    # Threads of the client must not hold up the end.
    sys.stderr.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
