"""Test the order in which nodes enter an environment, with a cluster that only answers as each test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tfenv_lab._version import __version__
from tfenv_lab.cluster import entering
from tfenv_lab.cluster.engine import Departed
from tfenv_lab.cluster.entering import Batches
from tfenv_lab.cluster.models import ClusterNode, Inside
from tfenv_lab.cluster.planner import plan, plan_back
from tfenv_lab.cluster.rollout import RunningRollout
from tfenv_lab.errors import ClusterBusy, ClusterUnreachable, InvalidRequest, JobFailed, NotFound
from tfenv_lab.models import NodeResult
from tfenv_lab.nodes.lockfile import LockFile
from tfenv_lab.nodes.orders import Answer
from tfenv_lab.nodes.planning import NodePlan

from .fake import LOCK, VERSIONS, Fake

TEN = tuple("abcdefghij")
ALL = Batches()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entering, "RETURN", 0.05)
    monkeypatch.setattr(entering, "LOOK", 0.01)


async def _run(
    fake: Fake,
    tell: Callable[[NodeResult], None] = lambda result: None,
    batches: Batches = ALL,
    follow: bool = False,
) -> dict[str, NodeResult]:
    found = await plan(fake, LOCK, "app-1", "1", enters=True)
    rollout = RunningRollout(fake, found, LOCK, tell, batches=batches, follow=follow)
    return {result.name: result for result in await rollout.run()}


def _verbs(fake: Fake) -> str:
    """Return the orders after the installations as letters: probe, drain, enter."""
    return "".join(verb[0] for verb, _ in fake.orders if verb in ("probe", "drain", "enter"))


async def test_all_are_probed_then_one_enters_then_the_others() -> None:
    fake = Fake("a", "b", "c")
    told: list[tuple[str, str]] = []
    results = await _run(fake, lambda result: told.append((result.name, result.state)))
    assert _verbs(fake) == "ppp" + "de" * 3
    assert {result.state for result in results.values()} == {"inside"}
    assert [state for name, state in told if name == "a"] == ["waiting", "installing", "ready", "draining", "inside"]
    assert results["a"].address == "a:1+"
    assert results["a"].prefix == "/envs/app-1"


async def test_a_batch_is_a_part_of_all_nodes() -> None:
    for batch, batches in (("10%", [1] * 10), ("25%", [1, 3, 3, 3]), ("4", [1, 4, 4, 1]), ("100%", [1, 9])):
        fake = Fake(*TEN)
        drained: list[int] = []

        async def drain(node: ClusterNode, drained: list[int] = drained, fake: Fake = fake) -> None:
            drained.append(sum(inside.name == "" for inside in fake.runs.values()))
            await asyncio.sleep(0)

        fake.draining = dict.fromkeys(TEN, drain)
        await _run(fake, batches=Batches(batch))
        # Those of a batch see the same number of nodes that are not inside.
        assert [drained.count(left) for left in sorted(set(drained), reverse=True)] == batches


@pytest.mark.parametrize("batch", ["0", "0%", "101%", "-1", "1.5", "%", "", "all", "10 %", "1" * 30])
def test_a_batch_of_another_form_is_refused(batch: str) -> None:
    with pytest.raises(InvalidRequest, match="batch"):
        Batches(batch)
    with pytest.raises(InvalidRequest, match="-1"):
        Batches(max_failed=-1)


async def test_a_node_that_runs_the_environment_is_left_alone() -> None:
    fake = Fake("a", "b", "c")
    fake.plans = dict.fromkeys("abc", Answer(__version__, plan=NodePlan("none", "/envs/app-1")))
    fake.runs["a"] = Inside("/envs/app-1", "app-1", "x")
    # It was started from the environment by hand.
    fake.runs["b"] = Inside("/envs/app-1", "", "x")
    found = await plan(fake, LOCK, "app-1", "1", enters=True)
    assert [each.plan.action for each in found.nodes] == ["none", "none", "enter"]
    results = await _run(fake)
    assert {result.state for result in results.values()} == {"inside"}
    assert [address for verb, address in fake.orders if verb == "enter"] == ["c:1"]


async def test_a_node_that_cannot_enter_is_skipped_with_its_reason() -> None:
    fake = Fake("a", "b")
    fake.runs["a"] = Inside("/python", "", "x", obstacle="The worker has no nanny.")
    results = await _run(fake)
    assert (results["a"].state, results["b"].state) == ("skipped", "inside")
    assert results["a"].error is not None
    assert results["a"].error["message"] == "The worker has no nanny."
    assert not any(address == "a:1" for verb, address in fake.orders if verb != "plan")


@pytest.mark.parametrize(
    "answer",
    [
        Answer(__version__, error=JobFailed("The imports fail.").to_json()),
        Answer(__version__, versions={**VERSIONS, "distributed": "2020.1.0"}),
    ],
)
async def test_nothing_is_entered_if_a_probe_fails_unless_some_may(answer: Answer) -> None:
    for allowed, expected in ((0, ["failed", "skipped", "skipped"]), (1, ["failed", "inside", "inside"])):
        fake = Fake("a", "b", "c")
        fake.probes["a"] = answer
        results = await _run(fake, batches=Batches(max_failed=allowed))
        assert [results[name].state for name in "abc"] == expected


async def test_nothing_is_entered_if_an_installation_failed() -> None:
    fake = Fake("a", "b")

    async def fail(node: ClusterNode) -> Answer:
        return Answer(__version__, error=JobFailed("It failed.").to_json())

    fake.install["b"] = fail
    results = await _run(fake)
    assert (results["a"].state, results["b"].state) == ("skipped", "failed")
    assert "enter" not in {verb for verb, _ in fake.orders}


async def test_if_the_first_node_fails_the_others_go_on_with_what_they_run() -> None:
    async def stay_away(node: ClusterNode, name: str) -> None:
        fake.move(node.name, None)

    async def refuse(node: ClusterNode, name: str) -> str:
        return "There is no Python."

    for broken, state in ((stay_away, "lost"), (refuse, "failed")):
        fake = Fake("a", "b", "c")
        fake.entering["a"] = broken
        results = await _run(fake, batches=Batches(max_failed=5))
        assert [results[name].state for name in "abc"] == [state, "skipped", "skipped"]
        assert {fake.runs[name].name for name in "bc"} == {""}


async def test_later_batches_stop_if_more_failed_than_may() -> None:
    fake = Fake(*TEN)

    async def refuse(node: ClusterNode, name: str) -> str:
        return "There is no Python."

    fake.entering = dict.fromkeys("bc", refuse)
    results = await _run(fake, batches=Batches("20%", 1))
    assert [results[name].state for name in TEN] == ["inside", "failed", "failed", *["skipped"] * 7]
    # They take tasks again.
    assert sorted(fake.resumed) == ["b", "c"]


async def test_a_node_whose_data_cannot_be_moved_goes_on() -> None:
    fake = Fake("a")

    async def refuse(node: ClusterNode) -> str:
        return "It holds data."

    fake.draining["a"] = refuse
    result = (await _run(fake))["a"]
    assert (result.state, fake.resumed, "enter" in {verb for verb, _ in fake.orders}) == ("failed", ["a"], False)
    assert result.error is not None
    assert result.error["details"] == "It holds data."


@pytest.mark.parametrize("phase", ["draining", "entering"])
async def test_a_node_that_dies_enters_when_it_is_back(phase: str) -> None:
    fake = Fake("a")
    deaths = 0

    async def die(node: ClusterNode, name: str = "") -> None:
        nonlocal deaths
        deaths += 1
        if deaths < 3:
            fake.restart(node, "")
            raise Departed("gone")
        if phase == "entering":
            fake.restart(node, name)

    if phase == "draining":
        fake.draining["a"] = die
    else:
        fake.entering["a"] = die
    result = (await _run(fake))["a"]
    assert (result.state, deaths) == ("inside", 3)


async def test_a_node_that_always_comes_back_without_the_environment_is_lost() -> None:
    fake = Fake("a")

    async def come_back(node: ClusterNode, name: str) -> None:
        fake.restart(node, "")

    fake.entering["a"] = come_back
    assert (await _run(fake))["a"].state == "lost"
    assert [verb for verb, _ in fake.orders].count("enter") == 3


async def test_late_nodes_enter_too() -> None:
    fake = Fake("a")

    async def join(node: ClusterNode) -> None:
        fake.members["late"] = ClusterNode("late", "late:1")
        fake.runs["late"] = Inside("/python", "", "first")

    fake.draining["a"] = join
    results = await _run(fake, follow=True)
    assert {name: result.state for name, result in results.items()} == {"a": "inside", "late": "inside"}


async def test_cancelling_lets_a_drained_node_go_on() -> None:
    fake = Fake("a", "b")
    begun = asyncio.Event()

    async def wait(node: ClusterNode) -> None:
        begun.set()
        await asyncio.Event().wait()

    fake.draining["a"] = wait
    running = asyncio.ensure_future(_run(fake))
    await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert fake.resumed == ["a"]
    assert "enter" not in {verb for verb, _ in fake.orders}


async def test_a_scheduler_that_is_gone_ends_the_rollout() -> None:
    fake = Fake("a", "b")

    async def lose(node: ClusterNode) -> None:
        raise ClusterUnreachable("The scheduler is gone.")

    fake.draining["a"] = lose
    with pytest.raises(ClusterUnreachable):
        await _run(fake)


async def test_the_way_back_leads_to_what_each_node_ran_before() -> None:
    fake = Fake("a", "b", "c")
    fake.runs["a"] = Inside("/envs/app-2", "app-2", "x", "app-1")
    fake.runs["b"] = Inside("/envs/app-2", "app-2", "x", "")
    found = await plan_back(fake)
    assert [each.node.name for each in found.nodes] == ["a", "b"]
    results = await RunningRollout(fake, found, LockFile(""), batches=Batches()).run()
    assert [(result.name, result.state) for result in results] == [("a", "inside"), ("b", "inside")]
    assert [fake.runs[name].name for name in "abc"] == ["app-1", "", ""]
    assert {verb for verb, _ in fake.orders} == {"drain", "enter"}
    with pytest.raises(NotFound, match="something to go back to"):
        await plan_back(fake, ["c"])


async def test_nothing_is_installed_while_another_rollout_lets_nodes_enter() -> None:
    fake = Fake("a", "b")
    fake.busy = True
    with pytest.raises(ClusterBusy):
        await _run(fake)
    assert {verb for verb, _ in fake.orders} == {"plan"}


async def test_a_rollout_that_fails_lets_the_next_one_begin() -> None:
    fake = Fake("a")

    async def vanish(node: ClusterNode) -> str | None:
        raise ClusterUnreachable("gone")

    fake.draining["a"] = vanish
    with pytest.raises(ClusterUnreachable):
        await _run(fake)
    assert not fake.busy
