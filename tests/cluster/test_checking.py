"""Test the check of a cluster with a cluster that only answers as each test says."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tfenv_lab._version import __version__
from tfenv_lab.cluster import checking
from tfenv_lab.cluster.checking import RunningCheck, failure_of
from tfenv_lab.cluster.engine import Departed
from tfenv_lab.cluster.models import ClusterNode
from tfenv_lab.errors import NotFound
from tfenv_lab.models import NodeResult
from tfenv_lab.nodes.orders import Answer
from tfenv_lab.nodes.ranks import Rank
from tfenv_lab.sentences import say
from tfenv_lab.tensorflow.checks.models import Check, Device, Problem, Remedy

from .fake import Fake

Tell = Callable[[str], None]


def _check(*problems: Problem) -> Answer:
    devices = [Device("CPU:0", "CPU"), Device("GPU:0", "GPU"), Device("GPU:1", "GPU")]
    check = Check(not problems, "3.11.7", "2.19.1", "3.5.0", devices, 1.0, list(problems), "")
    return Answer(__version__, prefix="/envs/app-1", check=check)


def _answers(answer: Answer) -> Callable[[ClusterNode], Awaitable[Answer]]:
    async def one(node: ClusterNode) -> Answer:
        return answer

    return one


async def _leaves(node: ClusterNode) -> Answer:
    raise Departed("gone")


async def _adds(rank: Rank, tell: Tell) -> Answer:
    tell("The sum is 2, and 2 is right.\n")
    return Answer(__version__, status=0)


def _cluster(*names: str) -> Fake:
    """Return a cluster on which everything works."""
    fake = Fake(*names)
    fake.checks = dict.fromkeys(names, _answers(_check()))
    fake.ranks = dict.fromkeys(names, _adds)
    return fake


async def _run(fake: Fake, told: list[NodeResult] | None = None) -> tuple[RunningCheck, dict[str, NodeResult]]:
    check = RunningCheck(fake, "app-1", (lambda result: None) if told is None else told.append)
    return check, {result.name: result for result in await check.run(await fake.nodes())}


async def test_every_node_is_checked_and_two_of_them_do_an_all_reduce() -> None:
    fake, told = _cluster("a", "b", "c"), list[NodeResult]()
    check, results = await _run(fake, told)
    assert [(each.state, each.tensorflow, each.gpus, each.prefix, each.error) for each in results.values()] == [
        ("works", "2.19.1", 2, "/envs/app-1", None)
    ] * 3
    assert [verb for verb, _ in fake.orders] == ["check"] * 3 + ["run"] * 2
    assert [result.state for result in told if result.name == "a"] == [
        "waiting",
        "checking",
        "works",
        "checking",
        "works",
    ]
    assert check.advice is not None
    assert check.advice.message == "The all_reduce between a and b worked."
    assert failure_of(check.results) is None


async def test_the_problems_of_a_node_are_its_error_and_the_others_go_on() -> None:
    fake = _cluster("a", "b", "c")
    remedy = Remedy(say("Install numpy."))
    problems = Problem("x", say("numpy is broken."), remedy, "Traceback"), Problem("y", "Keras cannot be imported.")
    fake.checks["b"] = _answers(_check(*problems))
    check, results = await _run(fake)
    assert [each.state for each in results.values()] == ["works", "failed", "works"]
    error = results["b"].error
    assert error is not None
    assert (error["message"], error["hint"]) == ("numpy is broken.", "Install numpy.")
    assert error["details"] == "Traceback\nKeras cannot be imported."
    # So the panel can translate it.
    assert error["sentences"]["message"]["template"] == "numpy is broken."
    assert [address for verb, address in fake.orders if verb == "run"] == ["a:1", "c:1"]
    failure = failure_of(check.results)
    assert failure is not None
    assert failure.message == "The check failed on 1 of 3 workers."


@pytest.mark.parametrize(
    ("answer", "state", "message"),
    [
        (_leaves, "lost", "The worker left the cluster during the check."),
        (_answers(Answer(__version__)), "failed", "The worker did not answer with a check."),
        (
            _answers(Answer(__version__, error=NotFound("The worker does not have the environment app-1.").to_json())),
            "failed",
            "The worker does not have the environment app-1.",
        ),
    ],
)
async def test_a_node_that_cannot_be_checked_says_why(
    answer: Callable[[ClusterNode], Awaitable[Answer]], state: str, message: str
) -> None:
    fake = _cluster("a", "b", "c")
    fake.checks["a"] = answer
    _, results = await _run(fake)
    error = results["a"].error
    assert error is not None
    assert (results["a"].state, error["message"]) == (state, message)
    assert (results["b"].state, results["c"].state) == ("works", "works")


@pytest.mark.parametrize(("working", "count"), [(1, "there are 1."), (0, "there are 0.")])
async def test_without_two_nodes_there_is_no_all_reduce_and_that_is_said(working: int, count: str) -> None:
    fake = _cluster("a", "b")
    for name in ("b", "a")[: 2 - working]:
        fake.checks[name] = _leaves
    check, _ = await _run(fake)
    assert check.advice is not None
    assert (check.advice.code, count in check.advice.message) == ("no-all-reduce", True)
    assert "run" not in {verb for verb, _ in fake.orders}


async def test_the_two_nodes_are_on_different_machines_if_there_are_any() -> None:
    fake = _cluster("a", "b", "c")
    fake.members = {
        name: ClusterNode(name, address) for name, address in zip("abc", ("x:1", "x:2", "y:1"), strict=True)
    }
    await _run(fake)
    assert [address for verb, address in fake.orders if verb == "run"] == ["x:1", "y:1"]


async def test_a_rank_that_fails_shows_its_output_and_the_other_has_no_fault() -> None:
    fake = _cluster("a", "b")

    async def fail(rank: Rank, tell: Tell) -> Answer:
        tell("Could not start gRPC server\n")
        return Answer(__version__, status=1)

    async def wait(rank: Rank, tell: Tell) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    fake.ranks = {"a": wait, "b": fail}
    check, results = await _run(fake)
    assert (results["a"].state, results["b"].state) == ("works", "failed")
    error = results["b"].error
    assert error is not None
    assert error["message"] == "The all_reduce between a and b failed."
    assert "exit status 1" in (error["details"] or "")
    assert "Could not start gRPC server" in (error["details"] or "")
    assert check.advice is None


async def test_a_node_that_dies_during_the_all_reduce_is_lost() -> None:
    fake = _cluster("a", "b")

    async def leave(rank: Rank, tell: Tell) -> Answer:
        raise Departed("gone")

    fake.ranks["a"] = leave
    _, results = await _run(fake)
    assert results["a"].state == "lost"


async def test_an_all_reduce_that_hangs_ends_at_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "LIMIT", 0.05)
    fake = _cluster("a", "b")

    async def hang(rank: Rank, tell: Tell) -> Answer:
        await asyncio.Event().wait()
        raise AssertionError

    fake.ranks = dict.fromkeys(("a", "b"), hang)
    _, results = await _run(fake)
    assert [each.state for each in results.values()] == ["failed", "failed"]
    assert all(each.error and "within 0.05 seconds" in (each.error["details"] or "") for each in results.values())


@pytest.mark.parametrize("during", ["check", "all_reduce"])
async def test_cancelling_ends_everything(during: str) -> None:
    fake, begun, ended = _cluster("a", "b"), asyncio.Event(), list[str]()

    async def wait(what: object, tell: object = None) -> Answer:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("")
        raise AssertionError

    if during == "check":
        fake.checks = dict.fromkeys(("a", "b"), wait)
    else:
        fake.ranks = dict.fromkeys(("a", "b"), wait)
    running = asyncio.ensure_future(_run(fake))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert len(ended) == 2
