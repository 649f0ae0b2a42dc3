"""Test the states of a rollout with a cluster that only answers as each test says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from tfenv_lab._version import __version__
from tfenv_lab.cluster import rollout
from tfenv_lab.cluster.engine import Departed
from tfenv_lab.cluster.models import ClusterNode, Inside
from tfenv_lab.cluster.planner import plan
from tfenv_lab.cluster.rollout import RunningRollout
from tfenv_lab.errors import ClusterUnreachable, JobFailed, NoSpace, NotFound
from tfenv_lab.models import NodeResult
from tfenv_lab.nodes.orders import Answer
from tfenv_lab.nodes.planning import NodePlan

from .fake import LOCK, READY, Fake


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rollout, "RETURN", 0.05)
    monkeypatch.setattr(rollout, "LOOK", 0.01)


async def _run(
    fake: Fake, tell: Callable[[NodeResult], None] = lambda result: None, follow: bool = False
) -> dict[str, NodeResult]:
    found = await plan(fake, LOCK, "app-1", "1")
    return {result.name: result for result in await RunningRollout(fake, found, LOCK, tell, follow=follow).run()}


async def test_a_node_that_has_the_environment_is_left_alone() -> None:
    fake = Fake("a", "b")
    fake.plans["a"] = Answer(__version__, plan=NodePlan("none", "/envs/app"))
    results = await _run(fake)
    assert {result.state for result in results.values()} == {"ready"}
    assert [address for verb, address in fake.orders if verb == "install"] == ["b:1"]


@pytest.mark.parametrize(
    "answer",
    [
        Answer(__version__, error=NoSpace("There is no room.").to_json()),
        Answer(__version__, plan=NodePlan("impossible", "", NoSpace("There is no room.").to_json())),
        Answer("0.0.0", plan=NodePlan("install", "/envs/app")),
        Answer(__version__),
    ],
)
async def test_an_impossible_node_is_skipped_with_its_reason_and_the_others_go_on(answer: Answer) -> None:
    fake = Fake("a", "b")
    fake.plans["a"] = answer
    results = await _run(fake)
    assert (results["a"].state, results["b"].state) == ("skipped", "ready")
    assert results["a"].error
    assert results["a"].error["message"]


async def test_an_error_of_a_node_is_not_tried_again() -> None:
    fake = Fake("a", "b")

    async def fail(node: ClusterNode) -> Answer:
        return Answer(__version__, error=JobFailed("It failed.").to_json())

    fake.install["a"] = fail
    results = await _run(fake)
    assert (results["a"].state, results["b"].state) == ("failed", "ready")
    assert fake.orders.count(("install", "a:1")) == 1


async def test_a_node_that_left_is_tried_again_at_its_new_address() -> None:
    fake = Fake("a")

    async def leave(node: ClusterNode) -> Answer:
        if node.address == "a:1":
            fake.move("a", "a:2")
            raise Departed("gone")
        return READY

    fake.install["a"] = leave
    told: list[str] = []
    results = await _run(fake, lambda result: told.append(result.state))
    assert (results["a"].state, results["a"].address, results["a"].error) == ("ready", "a:2", None)
    assert told == ["waiting", "installing", "lost", "installing", "ready"]


async def test_a_node_that_leaves_again_and_again_is_lost_after_two_retries() -> None:
    fake = Fake("a", "b")
    count = 1

    async def leave(node: ClusterNode) -> Answer:
        nonlocal count
        count += 1
        fake.move("a", f"a:{count}")
        raise Departed("gone")

    fake.install["a"] = leave
    results = await _run(fake)
    assert (results["a"].state, results["b"].state) == ("lost", "ready")
    assert [address for verb, address in fake.orders if verb == "install" and address[0] == "a"] == [
        "a:1",
        "a:2",
        "a:3",
    ]


async def test_a_node_that_stays_away_is_lost() -> None:
    fake = Fake("a", "b")

    async def leave(node: ClusterNode) -> Answer:
        fake.move("a", None)
        raise Departed("gone")

    fake.install["a"] = leave
    assert (await _run(fake))["a"].state == "lost"


async def test_late_nodes_are_planned_and_installed_unless_nodes_are_named() -> None:
    for follow, expected in ((True, {"a", "late"}), (False, {"a"})):
        fake = Fake("a")

        async def join(node: ClusterNode, fake: Fake = fake) -> Answer:
            fake.members["late"] = ClusterNode("late", "late:1")
            return READY

        fake.install["a"] = join
        assert set(await _run(fake, follow=follow)) == expected
        assert (("plan", "late:1") in fake.orders) == follow


async def test_cancelling_cancels_the_calls() -> None:
    fake = Fake("a", "b")
    cancelled: list[str] = []
    begun = asyncio.Event()

    async def wait(node: ClusterNode) -> Answer:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(node.name)
            raise
        return READY

    fake.install = {"a": wait, "b": wait}
    running = asyncio.ensure_future(_run(fake))
    await begun.wait()
    await asyncio.sleep(0)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(cancelled) == ["a", "b"]


async def test_a_scheduler_that_is_gone_ends_the_rollout_and_all_calls() -> None:
    fake = Fake("a", "b")
    cancelled = asyncio.Event()

    async def wait(node: ClusterNode) -> Answer:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return READY

    async def lose(node: ClusterNode) -> Answer:
        await asyncio.sleep(0)
        raise ClusterUnreachable("The scheduler is gone.")

    fake.install = {"a": wait, "b": lose}
    with pytest.raises(ClusterUnreachable):
        await _run(fake)
    assert cancelled.is_set()


async def test_nodes_are_chosen_by_name_and_unknown_names_are_refused() -> None:
    fake = Fake("a", "b")
    found = await plan(fake, LOCK, "app-1", "1", ["b"])
    assert [each.node.name for each in found.nodes] == ["b"]
    with pytest.raises(NotFound, match="c"):
        await plan(fake, LOCK, "app-1", "1", ["b", "c"])
    with pytest.raises(NotFound, match="no workers"):
        await plan(Fake(), LOCK, "app-1", "1")


async def test_older_versions_are_deleted_where_the_rollout_changed_something() -> None:
    fake = Fake("a", "b", "c")
    fake.plans["a"] = Answer(__version__, plan=NodePlan("none", "/envs/app"))
    fake.deleted = "Older versions were deleted."
    # What any worker runs or can go back to stays, because workers can share a machine.
    fake.runs["a"] = Inside("/envs/app-2", "app-2", "1", "app-1")
    fake.runs["b"] = Inside("/envs/app-3", "app-3", "1", "")
    results = await _run(fake)
    assert fake.pruned == dict.fromkeys("bc", ("app-1", "app-2", "app-3"))
    assert [results[name].note for name in "abc"] == [None, fake.deleted, fake.deleted]


async def test_older_versions_stay_while_a_node_does_not_have_the_new_one() -> None:
    fake = Fake("a", "b")

    async def fail(node: ClusterNode) -> Answer:
        return Answer(__version__, error=JobFailed("It failed.").to_json())

    fake.install["a"] = fail
    assert [result.state for result in (await _run(fake)).values()] == ["failed", "ready"]
    assert fake.pruned == {}


async def test_a_rollout_that_changes_nothing_deletes_nothing() -> None:
    fake = Fake("a")
    fake.plans["a"] = Answer(__version__, plan=NodePlan("none", "/envs/app"))
    await _run(fake)
    assert fake.pruned == {}
