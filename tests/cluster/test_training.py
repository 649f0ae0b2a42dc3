"""Test how the ranks of a training begin and end together, with a cluster that only answers as each test says."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tfenv_lab._version import __version__
from tfenv_lab.cluster.engine import Departed
from tfenv_lab.cluster.training import RankResult, Script, run, warning_about
from tfenv_lab.errors import ClusterUnreachable, InvalidRequest, NotFound
from tfenv_lab.nodes.orders import Answer
from tfenv_lab.nodes.ranks import Rank

from .fake import Fake

SCRIPT = Script("print(1)", "fit.py", ("--epochs=3",))
Tell = Callable[[str], None]


async def _run(fake: Fake, **options: Any) -> list[RankResult]:
    return await run(fake, list(await fake.nodes()), "app-1", SCRIPT, **options)


def _ends(status: int, says: str = "") -> Callable[[Rank, Tell], Awaitable[Answer]]:
    async def one(rank: Rank, tell: Tell) -> Answer:
        tell(says)
        return Answer(__version__, status=status)

    return one


def _never(ended: list[int]) -> Callable[[Rank, Tell], Awaitable[Answer]]:
    async def one(rank: Rank, tell: Tell) -> Answer:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(json.loads(rank.config)["task"]["index"])
        raise AssertionError

    return one


async def test_each_rank_knows_all_addresses_its_number_and_its_own_port() -> None:
    fake, seen = Fake("a", "b"), []

    async def look(rank: Rank, tell: Tell) -> Answer:
        seen.append(rank)
        return Answer(__version__, status=0)

    fake.ranks = {"a": look, "b": look}
    results = await _run(fake)
    assert [(each.rank, each.node, each.state, each.status) for each in results] == [
        (0, "a", "succeeded", 0),
        (1, "b", "succeeded", 0),
    ]
    workers = ["a:1000", "b:1001"]
    assert [json.loads(rank.config) for rank in seen] == [
        {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}} for index in (0, 1)
    ]
    assert [rank.port for rank in seen] == [1000, 1001]
    assert {(rank.script, rank.file, rank.arguments) for rank in seen} == {("print(1)", "fit.py", ("--epochs=3",))}


async def test_output_is_told_with_the_number_of_its_rank() -> None:
    fake, told = Fake("a", "b"), []
    fake.ranks = {"a": _ends(0, "from a"), "b": _ends(0, "from b")}
    await _run(fake, tell=lambda rank, lines: told.append((rank, lines)))
    assert sorted(told) == [(0, "from a"), (1, "from b")]


@pytest.mark.parametrize(("status", "how"), [(3, "exit status 3"), (-9, "signal 9")])
async def test_if_one_rank_fails_the_others_are_ended(status: int, how: str) -> None:
    fake, ended = Fake("a", "b", "c"), list[int]()
    fake.ranks = {"a": _never(ended), "b": _ends(status), "c": _never(ended)}
    results = await _run(fake)
    assert [each.state for each in results] == ["ended", "failed", "ended"]
    assert results[1].status == status
    assert results[1].error is not None
    assert how in results[1].error["message"]
    assert sorted(ended) == [0, 2]


async def test_a_rank_that_succeeds_early_ends_no_other() -> None:
    fake, may = Fake("a", "b"), asyncio.Event()

    async def early(rank: Rank, tell: Tell) -> Answer:
        asyncio.get_running_loop().call_later(0.01, may.set)
        return Answer(__version__, status=0)

    async def late(rank: Rank, tell: Tell) -> Answer:
        await may.wait()
        return Answer(__version__, status=0)

    fake.ranks = {"a": early, "b": late}
    assert [each.state for each in await _run(fake)] == ["succeeded", "succeeded"]


async def test_if_a_worker_leaves_the_others_are_ended() -> None:
    fake, ended = Fake("a", "b"), list[int]()

    async def leave(rank: Rank, tell: Tell) -> Answer:
        raise Departed("gone")

    fake.ranks = {"a": leave, "b": _never(ended)}
    results = await _run(fake)
    assert [each.state for each in results] == ["lost", "ended"]
    assert ended == [1]


async def test_nothing_begins_if_a_worker_left_before() -> None:
    fake = Fake("a", "b")
    nodes = list(await fake.nodes())
    fake.move("b", None)
    results = await run(fake, nodes, "app-1", SCRIPT)
    assert [each.state for each in results] == ["ended", "lost"]
    assert fake.orders == []


async def test_ranks_that_hang_are_ended_at_the_limit_and_those_that_are_done_stay_done() -> None:
    fake, ended = Fake("a", "b"), list[int]()
    fake.ranks = {"a": _ends(0), "b": _never(ended)}
    results = await _run(fake, limit=0.05)
    assert [each.state for each in results] == ["succeeded", "failed"]
    assert results[1].error is not None
    assert "did not end within 0.05 seconds" in results[1].error["message"]
    assert ended == [1]


async def test_the_sentence_of_a_node_is_the_error_of_its_rank() -> None:
    fake, ended = Fake("a", "b"), list[int]()

    async def refuse(rank: Rank, tell: Tell) -> Answer:
        return Answer(__version__, error=NotFound("The worker does not have the environment app-1.").to_json())

    fake.ranks = {"a": _never(ended), "b": refuse}
    results = await _run(fake)
    assert [each.state for each in results] == ["ended", "failed"]
    assert results[1].error is not None
    assert results[1].error["message"] == "The worker does not have the environment app-1."


@pytest.mark.parametrize("how", ["cancelled", "unreachable"])
async def test_all_are_ended_if_the_call_is_cancelled_or_the_scheduler_is_gone(how: str) -> None:
    fake, ended, begun = Fake("a", "b"), list[int](), asyncio.Event()

    async def second(rank: Rank, tell: Tell) -> Answer:
        begun.set()
        if how == "unreachable":
            raise ClusterUnreachable("The scheduler is gone.")
        return await _never(ended)(rank, tell)

    fake.ranks = {"a": _never(ended), "b": second}
    running = asyncio.ensure_future(_run(fake))
    await begun.wait()
    if how == "cancelled":
        running.cancel()
    with pytest.raises(asyncio.CancelledError if how == "cancelled" else ClusterUnreachable):
        await running
    assert 0 in ended


def test_a_script_has_a_largest_size() -> None:
    with pytest.raises(InvalidRequest, match="1000001 characters"):
        Script("#" * 1_000_001, "fit.py")


@pytest.mark.parametrize(
    ("text", "keras", "warns"),
    [
        ("tf.distribute.MultiWorkerMirroredStrategy()\nmodel.fit (x)", "3.10.0", True),
        ("tf.distribute.MultiWorkerMirroredStrategy()\nmodel.fit(x)", "2.15.0", False),
        ("TF_USE_LEGACY_KERAS\nMultiWorkerMirroredStrategy()\nmodel.fit(x)", "3.10.0", False),
        ("tf.distribute.MultiWorkerMirroredStrategy()\nstrategy.run(step)", "3.10.0", False),
        ("model.fit(x)", "3.10.0", False),
    ],
)
def test_keras_3_and_fit_are_warned_about_only_together(text: str, keras: str, warns: bool) -> None:
    found = warning_about(Script(text, "fit.py"), {"keras": keras})
    assert (found is not None) == warns
    if found:
        assert "strategy.run()" in found
        assert "Keras 2" in found
    assert warning_about(Script(text, "fit.py"), {}) is None
