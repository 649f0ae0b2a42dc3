"""Run a script on several workers at the same time, one process each, for the distributed training of TensorFlow.

The processes run in the environment next to the workers, never inside of them: a second strategy in one process hangs.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from ..errors import ErrorJson, InvalidRequest, JobFailed
from ..nodes.lockfile import LockFile
from ..nodes.orders import Order
from ..nodes.ranks import Rank
from ..sentences import say
from .engine import Departed, Engine
from .models import ClusterNode

#: Maximum size of a script, in characters.
_LARGEST = 1_000_000
_STRATEGY = "MultiWorkerMirroredStrategy"


@dataclass(frozen=True)
class Script:
    """The text of a Python script, the name of its file, and its arguments. Only this file is sent to the workers."""

    text: str
    file: str
    arguments: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.text) > _LARGEST:
            raise InvalidRequest(
                say(
                    "{file} has {size} characters, but a script can have {largest}.",
                    file=self.file,
                    size=len(self.text),
                    largest=_LARGEST,
                ),
                hint=say("Let the script read its data from files that all workers can read."),
            )


@dataclass(frozen=True)
class RankResult:
    """How a rank ended. ``state`` is ``ended`` if it was ended because another one failed or left the cluster.

    ``status`` is the exit status of its script, negative for a signal, or None if the script was ended or did not run.
    """

    rank: int
    node: str
    state: Literal["succeeded", "failed", "lost", "ended"]
    status: int | None = None
    error: ErrorJson | None = None


async def run(
    engine: Engine,
    nodes: Sequence[ClusterNode],
    name: str,
    script: Script,
    tell: Callable[[int, str], None] = lambda rank, lines: None,
    limit: float | None = None,
) -> list[RankResult]:
    """Run a script on these nodes, in their environments with this name, and return how each rank ended.

    ``tell`` hears the lines of each rank. All end together: as soon as one fails, leaves, or ``limit`` seconds are
    over, the others are ended, and also if this call is cancelled. Raises ClusterUnreachable.
    """
    ended = [RankResult(rank, node.name, "ended") for rank, node in enumerate(nodes)]
    addresses = await asyncio.gather(*map(engine.free_address, nodes), return_exceptions=True)
    found: list[str] = []
    for result, address in zip(ended, addresses, strict=True):
        if isinstance(address, Departed):
            ended[result.rank] = _lost(result, address)
        elif isinstance(address, BaseException):
            raise address
        else:
            found.append(address)
    if len(found) < len(nodes):
        return ended

    async def one(result: RankResult) -> RankResult:
        order = Order("run", LockFile(""), name, "", _rank(result.rank, found, script))
        try:
            answer = await engine.call(nodes[result.rank], order, partial(tell, result.rank))
        except Departed as error:
            return _lost(result, error)
        if answer.error is not None:
            return replace(result, state="failed", error=answer.error)
        if answer.status:
            message = (
                say("The script ended with exit status {status}.", status=answer.status)
                if answer.status > 0
                else say("The script ended with signal {signal}.", signal=-answer.status)
            )
            error_json = JobFailed(message, hint=say("See the output of this rank.")).to_json()
            return replace(result, state="failed", status=answer.status, error=error_json)
        return replace(result, state="succeeded", status=0)

    return await _together([asyncio.ensure_future(one(result)) for result in ended], ended, limit)


async def _together(
    tasks: Sequence[asyncio.Future[RankResult]], ended: list[RankResult], limit: float | None
) -> list[RankResult]:
    deadline = None if limit is None else time.monotonic() + limit
    pending = set(tasks)
    try:
        while pending:
            rest = None if deadline is None else max(0.0, deadline - time.monotonic())
            done, pending = await asyncio.wait(pending, timeout=rest, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                ended[task.result().rank] = task.result()
            if not done:
                message = say("The rank did not end within {limit} seconds, so it was ended.", limit=f"{limit:g}")
                error = JobFailed(message, hint=say("See its output, or allow more time.")).to_json()
                for rank in (rank for rank, task in enumerate(tasks) if task in pending):
                    ended[rank] = replace(ended[rank], state="failed", error=error)
            if any(task.result().state != "succeeded" for task in done) or not done:
                break
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return ended


def _lost(result: RankResult, error: Departed) -> RankResult:
    return replace(result, state="lost", error=JobFailed(say("The worker left the cluster."), str(error)).to_json())


def _rank(rank: int, addresses: Sequence[str], script: Script) -> Rank:
    config = {"cluster": {"worker": list(addresses)}, "task": {"type": "worker", "index": rank}}
    port = int(addresses[rank].rpartition(":")[2])
    return Rank(script.text, script.file, script.arguments, json.dumps(config), port)


def warning_about(script: Script, packages: Mapping[str, str]) -> str | None:
    """Return a warning if the script does what is known to fail with these versions of packages, otherwise None."""
    keras = packages.get("keras", "")
    is_fit = _STRATEGY in script.text and re.search(r"\.fit\s*\(", script.text)
    if not is_fit or not keras.startswith("3.") or "TF_USE_LEGACY_KERAS" in script.text:
        return None
    return (
        f"Keras {keras} cannot train with fit() under {_STRATEGY}. Write a custom training loop with strategy.run(), "
        "or use Keras 2 (tf-keras, with TF_USE_LEGACY_KERAS=1)."
    )
