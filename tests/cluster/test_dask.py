"""Test rollouts to a real Dask cluster: processes of a scheduler and of workers, with tiny packages."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tfenv_lab.cluster.dask.engine import connect
from tfenv_lab.cluster.engine import Engine
from tfenv_lab.cluster.models import RolloutPlan
from tfenv_lab.cluster.planner import plan
from tfenv_lab.cluster.rollout import RunningRollout
from tfenv_lab.conda.prefix import lock as locks_of
from tfenv_lab.errors import ClusterUnreachable
from tfenv_lab.models import NodeResult
from tfenv_lab.nodes.lockfile import LockFile

from ..nodes.conftest import Locks
from ..tiny_channel import TinyChannel
from .conftest import Cluster, NewCluster


async def _workers(engine: Engine, count: int) -> None:
    for _ in range(600):
        if len(await engine.nodes()) == count:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"the cluster has {await engine.nodes()}")


def _lock(file: Path) -> tuple[LockFile, str]:
    text = file.read_text()
    return LockFile(text), locks_of.digest(locks_of.loads(text)["linux-64"])


async def _plan(engine: Engine, file: Path, *names: str) -> RolloutPlan:
    lock, digest = _lock(file)
    return await plan(engine, lock, f"app-{digest[:8]}", digest, names)


async def _rollout(cluster: Cluster, file: Path, count: int, follow: bool = False) -> Sequence[NodeResult]:
    async with connect(cluster.address) as engine:
        await _workers(engine, count)
        found = await _plan(engine, file)
        return await RunningRollout(engine, found, _lock(file)[0], follow=follow).run()


def test_every_worker_gets_the_environment_in_its_own_directory(new_cluster: NewCluster, locks: Locks) -> None:
    cluster = new_cluster("one", "two", "three")

    async def run() -> None:
        async with connect(cluster.address) as engine:
            await _workers(engine, 3)
            found = await _plan(engine, locks.old)
            assert [(each.node.name, each.plan.action) for each in found.nodes] == [
                ("one", "install"),
                ("three", "install"),
                ("two", "install"),
            ]
            told: list[tuple[str, str]] = []
            rollout = RunningRollout(
                engine, found, _lock(locks.old)[0], lambda result: told.append((result.name, result.state))
            )
            results = await rollout.run()
            assert [result.state for result in results] == ["ready"] * 3
            assert [state for name, state in told if name == "one"] == ["waiting", "installing", "ready"]
            for result in results:
                machine = cluster.machines[result.name]
                assert result.prefix == str(machine.envs / found.name)
                assert (machine.envs / found.name / "share/app.txt").read_text() == "1.0"
            # The same again changes nothing.
            again = await _plan(engine, locks.old)
            assert {each.plan.action for each in again.nodes} == {"none"}
            # Another version stands next to the first one.
            other = await _plan(engine, locks.new, "two")
            [result] = await RunningRollout(engine, other, _lock(locks.new)[0]).run()
            assert cluster.prefixes("two") == sorted([found.name, other.name])
            assert cluster.prefixes("one") == [found.name]

    asyncio.run(run())


def test_the_scheduler_sees_no_lock_and_nothing_of_the_configuration(
    new_cluster: NewCluster, locks: Locks, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = new_cluster("one")
    machine = cluster.machines["one"]
    (machine.home / ".condarc").write_text((machine.home / ".condarc").read_text() + "# token: hunter2\n")
    [result] = asyncio.run(_rollout(cluster, locks.old, 1))
    assert result.state == "ready"
    for name in ("scheduler", "one"):
        assert "hunter2" not in cluster.log(name)
        assert "packages:" not in cluster.log(name)


def test_a_worker_that_is_killed_during_the_installation_gets_it_when_it_is_back(
    new_cluster: NewCluster, locks: Locks
) -> None:
    cluster = new_cluster("one", "two")

    async def run() -> None:
        async with connect(cluster.address) as engine:
            await _workers(engine, 2)
            found = await _plan(engine, locks.old)

            def kill(result: NodeResult) -> None:
                if (result.name, result.state) == ("two", "installing") and "two" in cluster.processes and not killed:
                    killed.append(result.address)
                    asyncio.get_running_loop().call_later(0.3, restart)

            def restart() -> None:
                cluster.end("two")
                cluster.add("two")

            killed: list[str] = []
            results = await RunningRollout(engine, found, _lock(locks.old)[0], kill).run()
            assert [result.state for result in results] == ["ready", "ready"]
            assert results[1].address != killed[0]
            assert cluster.prefixes("two")[-1] == found.name

    asyncio.run(run())


def test_a_worker_that_joins_meanwhile_gets_it_too(new_cluster: NewCluster, locks: Locks) -> None:
    cluster = new_cluster("one")

    async def run() -> None:
        async with connect(cluster.address) as engine:
            await _workers(engine, 1)
            found = await _plan(engine, locks.old)
            cluster.add("late")
            await _workers(engine, 2)
            results = await RunningRollout(engine, found, _lock(locks.old)[0], follow=True).run()
            assert [(result.name, result.state) for result in results] == [("late", "ready"), ("one", "ready")]

    asyncio.run(run())


def test_the_configuration_of_each_node_decides(new_cluster: NewCluster, locks: Locks, tmp_path: Path) -> None:
    other = TinyChannel(tmp_path / "other")
    other.index()
    cluster = new_cluster("one", "strict")
    machine = cluster.machines["strict"]
    (machine.home / ".condarc").write_text(f"channels: ['{other.url}']\nenvs_dirs: ['{machine.envs}']\n")
    one, strict = asyncio.run(_rollout(cluster, locks.old, 2))
    assert (one.state, strict.state) == ("ready", "skipped")
    assert strict.error is not None
    assert strict.error["reason"] == "channel-not-allowed"
    assert cluster.prefixes("strict") == []


def test_a_worker_whose_python_has_no_tfenv_lab_is_named(new_cluster: NewCluster, locks: Locks, tmp_path: Path) -> None:
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\necho \"No module named 'tfenv_lab'\" >&2\nexit 1\n")
    bare.chmod(0o755)
    cluster = new_cluster("one")
    cluster.add("bare", TFENV_LAB_PYTHON=str(bare))
    bare_result, one = asyncio.run(_rollout(cluster, locks.old, 2))
    assert (one.state, bare_result.state) == ("ready", "skipped")
    assert bare_result.error is not None
    assert "has no tfenv_lab" in bare_result.error["message"]


def test_a_cancelled_rollout_ends_the_processes_on_the_nodes(
    new_cluster: NewCluster, locks: Locks, tmp_path: Path
) -> None:
    # It tells its process id, and ends when its input ends, as the real one does.
    slow = tmp_path / "slow"
    slow.write_text(
        f"#!/bin/sh\nread order\necho $$ >> {tmp_path / 'started'}\ncat >/dev/null\necho > {tmp_path / 'ended'}\n"
    )
    slow.chmod(0o755)
    cluster = new_cluster()
    cluster.add("one", TFENV_LAB_PYTHON=str(slow))

    async def run() -> None:
        async with connect(cluster.address) as engine:
            await _workers(engine, 1)
            planning = asyncio.ensure_future(_plan(engine, locks.old))
            while not (tmp_path / "started").exists():
                await asyncio.sleep(0.05)
            planning.cancel()
            with pytest.raises(asyncio.CancelledError):
                await planning
            for _ in range(200):
                if (tmp_path / "ended").exists():
                    return
                await asyncio.sleep(0.05)
            raise AssertionError("the process goes on")

    asyncio.run(run())


def test_two_workers_on_one_machine_share_the_environment(new_cluster: NewCluster, locks: Locks) -> None:
    cluster = new_cluster("one")
    machine = cluster.add("two", on="one")
    one, two = asyncio.run(_rollout(cluster, locks.old, 2))
    assert (one.state, two.state, one.prefix) == ("ready", "ready", two.prefix)
    assert len(list(machine.envs.iterdir())) == 1


def test_two_rollouts_at_once_both_succeed(new_cluster: NewCluster, locks: Locks) -> None:
    cluster = new_cluster("one", "two")

    async def both() -> None:
        async with connect(cluster.address) as first, connect(cluster.address) as second:
            await _workers(first, 2)
            lock = _lock(locks.old)[0]
            plans = await asyncio.gather(_plan(first, locks.old), _plan(second, locks.old))
            done = await asyncio.gather(
                *(
                    RunningRollout(engine, found, lock).run()
                    for engine, found in zip((first, second), plans, strict=True)
                )
            )
            assert [result.state for results in done for result in results] == ["ready"] * 4

    asyncio.run(both())
    assert [len(cluster.prefixes(name)) for name in ("one", "two")] == [1, 1]


def test_a_scheduler_that_dies_is_named_and_the_same_rollout_goes_on_with_the_next(
    new_cluster: NewCluster, locks: Locks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfenv_lab.cluster.dask.engine.PATIENCE", 5.0)
    cluster = new_cluster("one")

    async def lose() -> None:
        async with connect(cluster.address) as engine:
            await _workers(engine, 1)
            found = await _plan(engine, locks.old)
            rollout = RunningRollout(engine, found, _lock(locks.old)[0], lambda result: kill(result.state))
            with pytest.raises(ClusterUnreachable, match="does not answer anymore"):
                await rollout.run()

    def kill(state: str) -> None:
        if state == "installing":
            asyncio.get_running_loop().call_later(0.2, cluster.end, "scheduler")

    asyncio.run(lose())
    cluster.end("one")
    (cluster.folder / "scheduler.json").unlink()
    cluster.start()
    cluster.add("one")
    [result] = asyncio.run(_rollout(cluster, locks.old, 1))
    assert result.state == "ready"
