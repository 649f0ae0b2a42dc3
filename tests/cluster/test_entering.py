"""Test workers that enter an environment: a real cluster, and tiny environments in which workers really run."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import distributed
import pytest

from tfenv_lab.cluster.dask.engine import DaskEngine, connect
from tfenv_lab.cluster.entering import Batches
from tfenv_lab.cluster.models import RolloutPlan
from tfenv_lab.cluster.planner import plan, plan_back
from tfenv_lab.cluster.rollout import RunningRollout
from tfenv_lab.conda.prefix import lock as locks_of
from tfenv_lab.models import NodeResult
from tfenv_lab.nodes.lockfile import LockFile

from ..nodes.conftest import Locks, write_lock
from ..tiny_channel import TinyChannel
from . import runnable
from .conftest import Cluster, NewCluster
from .test_dask import _workers


@pytest.fixture
def locks(channel: TinyChannel, tmp_path: Path) -> Locks:
    """Make locks of two environments in which workers run, and of a broken one (3.0)."""
    runnable.add_python(channel)
    runnable.add_distributed(channel)
    for version in ("1.0", "2.0", "3.0"):
        runnable.add_app(channel, version, "python", "distributed", broken=version == "3.0")
    channel.index()
    found = [write_lock(channel, tmp_path, f"app =={version}") for version in ("1.0", "2.0", "3.0")]
    return Locks(found[0], found[1])


def _read(file: Path) -> tuple[LockFile, str, str]:
    text = file.read_text()
    digest = locks_of.digest(locks_of.loads(text)["linux-64"])
    return LockFile(text), f"app-{digest[:8]}", digest


async def _plan(engine: DaskEngine, file: Path, *names: str) -> RolloutPlan:
    lock, name, digest = _read(file)
    return await plan(engine, lock, name, digest, names, enters=True)


async def _enter(
    engine: DaskEngine, file: Path, tell: Callable[[NodeResult], None] = lambda result: None, follow: bool = False
) -> Sequence[NodeResult]:
    found = await _plan(engine, file)
    return await RunningRollout(engine, found, _read(file)[0], tell, batches=Batches(), follow=follow).run()


def _seen() -> tuple[int, str, str, str]:
    """Return what a task sees: the process of the nanny, the prefix, a variable of the environment, and a module."""
    import importlib

    tensorflow = importlib.import_module("tensorflow")
    return os.getppid(), sys.prefix, os.environ.get("APP_VERSION", ""), tensorflow.__version__


async def _state(engine: DaskEngine) -> dict[str, Any]:
    """Return what the workers run, by name."""
    return {node.name: await engine.inside(node) for node in await engine.nodes()}


def _with(cluster: Cluster, count: int, test: Callable[[DaskEngine], Awaitable[None]]) -> None:
    async def run() -> None:
        async with connect(cluster.address) as engine:
            await _workers(engine, count)
            await test(engine)

    asyncio.run(run())


def test_workers_run_the_environment_in_the_same_processes_and_go_back(new_cluster: NewCluster, locks: Locks) -> None:
    cluster = new_cluster("one", "two", "three")
    processes = {cluster.processes[name].pid for name in ("one", "two", "three")}

    async def test(engine: DaskEngine) -> None:
        client = engine._client
        data = await client.scatter({"data": 42}, broadcast=False)
        running = client.submit(lambda: __import__("time").sleep(3) or "done", pure=False)
        before = await _state(engine)
        results = await _enter(engine, locks.old)
        assert [(result.state, result.error) for result in results] == [("inside", None)] * 3
        name = _read(locks.old)[1]
        seen = await client.run(_seen)
        assert {parent for parent, *_ in seen.values()} == processes
        assert {prefix for _, prefix, *_ in seen.values()} == {
            str(cluster.machines[each].envs / name) for each in ("one", "two", "three")
        }
        assert {tuple(found[2:]) for found in seen.values()} == {("1.0", "1.0")}
        # Neither data nor tasks are lost.
        assert await data["data"] == 42
        assert await running == "done"
        # The same again does nothing, the next version is entered from there, and both ways lead back.
        assert {each.plan.action for each in (await _plan(engine, locks.old)).nodes} == {"none"}
        assert {result.state for result in await _enter(engine, locks.new)} == {"inside"}
        assert {found[2] for found in (await client.run(_seen)).values()} == {"2.0"}
        for expected in (name, ""):
            back = await plan_back(engine)
            results = await RunningRollout(engine, back, LockFile(""), batches=Batches()).run()
            assert {result.state for result in results} == {"inside"}
            assert {each.name for each in (await _state(engine)).values()} == {expected}
        after = await _state(engine)
        assert {each: after[each].prefix for each in after} == {each: before[each].prefix for each in before}
        assert {os.environ.get("APP_VERSION")} == {None}
        assert set((await client.run(lambda: os.environ.get("APP_VERSION"))).values()) == {None}

    _with(cluster, 3, test)


async def _here(address: str) -> Any:
    """Start a nanny in this process, as LocalCluster does."""
    return await distributed.Nanny(address, name="here", nthreads=1, dashboard=False)


def test_workers_that_cannot_start_again_are_named_and_go_on(new_cluster: NewCluster, locks: Locks) -> None:
    cluster = new_cluster("one")
    cluster.add("bare", "--no-nanny")
    cluster.add("pair", "--nworkers=2")

    async def test(engine: DaskEngine) -> None:
        nanny = await _here(cluster.address)
        try:
            found = await _plan(engine, locks.old)
        finally:
            await nanny.close()
        said = {each.node.name: each.plan.error and each.plan.error["message"] for each in found.nodes}
        assert said.pop("one") is None
        assert "no nanny" in (said["bare"] or "")
        assert "--nworkers" in (said["pair-0"] or "")
        assert "--nworkers" in (said["pair-1"] or "")
        assert "dask worker" in (said["here"] or "")

    _with(cluster, 4, test)


def test_a_broken_environment_is_not_entered(new_cluster: NewCluster, locks: Locks, tmp_path: Path) -> None:
    cluster = new_cluster("one")

    async def test(engine: DaskEngine) -> None:
        before = await _state(engine)
        [result] = await _enter(engine, tmp_path / "app-3.0.lock")
        assert result.state == "failed"
        assert result.error is not None
        assert "libapp.so is missing" in (result.error["details"] or "")
        assert await _state(engine) == before

    _with(cluster, 1, test)


def test_the_only_worker_with_data_keeps_it_and_takes_tasks_again(new_cluster: NewCluster, locks: Locks) -> None:
    cluster = new_cluster("one")

    async def test(engine: DaskEngine) -> None:
        client = engine._client
        data = await client.scatter({"data": 42})
        [result] = await _enter(engine, locks.old)
        assert result.state == "failed"
        assert result.error is not None
        assert "no other worker can take" in (result.error["details"] or "")
        assert await client.submit(lambda found: found + 1, data["data"]) == 43

    _with(cluster, 1, test)


def test_a_worker_that_is_killed_meanwhile_enters_when_it_is_back(new_cluster: NewCluster, locks: Locks) -> None:
    cluster = new_cluster("one", "two")
    killed: list[str] = []

    def restart() -> None:
        cluster.end("two")
        cluster.add("two")

    def kill(result: NodeResult) -> None:
        if (result.name, result.state) == ("two", "draining") and not killed:
            killed.append(result.address)
            asyncio.get_running_loop().call_later(0.1, restart)

    async def test(engine: DaskEngine) -> None:
        results = await _enter(engine, locks.old, kill)
        assert [(result.name, result.state) for result in results] == [("one", "inside"), ("two", "inside")]
        assert killed

    _with(cluster, 2, test)
