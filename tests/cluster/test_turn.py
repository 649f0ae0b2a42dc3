"""Test that one rollout at a time lets the workers of a real scheduler enter an environment."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable

import pytest

from tfenv_lab.cluster.dask import turn as turn_code
from tfenv_lab.cluster.dask.engine import DaskEngine, connect
from tfenv_lab.cluster.entering import Batches
from tfenv_lab.cluster.models import RolloutPlan
from tfenv_lab.cluster.rollout import RunningRollout
from tfenv_lab.errors import ClusterBusy, ClusterUnreachable
from tfenv_lab.nodes.lockfile import LockFile

from .conftest import Cluster, NewCluster

_HOLDER = """
import asyncio, sys
from tfenv_lab.cluster.dask import turn
from tfenv_lab.cluster.dask.engine import connect

async def hold():
    async with connect(sys.argv[1]) as engine, engine.turn():
        print("held", flush=True)
        await asyncio.sleep(600)

turn.LEASE = 1
asyncio.run(hold())
"""


async def _run(engine: DaskEngine, *, enters: bool = True) -> None:
    nothing = RolloutPlan(engine.cluster, "app-1", "1", ())
    batches = Batches() if enters else None
    assert await RunningRollout(engine, nothing, LockFile(""), batches=batches).run() == []


def _both(cluster: Cluster, test: Callable[[DaskEngine, DaskEngine], Awaitable[None]]) -> None:
    async def run() -> None:
        async with connect(cluster.address) as first, connect(cluster.address) as second:
            await test(first, second)

    asyncio.run(run())


def test_a_second_rollout_is_refused_and_the_error_names_the_first_one(new_cluster: NewCluster) -> None:
    async def test(first: DaskEngine, second: DaskEngine) -> None:
        async with first.turn():
            with pytest.raises(ClusterBusy) as refused:
                await _run(second)
            assert f"(PID {os.getpid()}, 20" in refused.value.message
            # Those that only install go on together.
            await _run(second, enters=False)
        await _run(second)
        await _run(first)

    _both(new_cluster(), test)


def test_a_rollout_that_fails_or_is_cancelled_lets_the_next_one_begin(new_cluster: NewCluster) -> None:
    async def hold(engine: DaskEngine, held: asyncio.Event) -> None:
        async with engine.turn():
            held.set()
            await asyncio.sleep(600)

    async def test(first: DaskEngine, second: DaskEngine) -> None:
        with pytest.raises(ZeroDivisionError):
            async with first.turn():
                raise ZeroDivisionError
        await _run(second)
        held = asyncio.Event()
        holding = asyncio.ensure_future(hold(first, held))
        await held.wait()
        holding.cancel()
        with pytest.raises(asyncio.CancelledError):
            await holding
        await _run(second)

    _both(new_cluster(), test)


def test_a_refused_rollout_leaves_the_turn_to_its_holder(new_cluster: NewCluster) -> None:
    async def test(first: DaskEngine, second: DaskEngine) -> None:
        async with first.turn():
            for _ in range(2):
                with pytest.raises(ClusterBusy, match="PID"):
                    await _run(second)

    _both(new_cluster(), test)


def test_a_description_that_another_program_wrote_is_cut_or_left_out(new_cluster: NewCluster) -> None:
    async def test(first: DaskEngine, second: DaskEngine) -> None:
        async with first.turn():
            for written, shown in (
                ("x" * 5000, f"rollout, started by {'x' * 200}, already"),
                ({"a": 1}, "rollout already"),
            ):
                await first._client.set_metadata("tfenv-lab-rollout", written)
                with pytest.raises(ClusterBusy) as refused:
                    await _run(second)
                assert shown in refused.value.message

    _both(new_cluster(), test)


def test_a_holder_that_is_killed_does_not_keep_the_turn(new_cluster: NewCluster) -> None:
    cluster = new_cluster(DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_VALIDATION_INTERVAL="200ms")
    holder = subprocess.Popen([sys.executable, "-c", _HOLDER, cluster.address], stdout=subprocess.PIPE)
    assert holder.stdout is not None

    async def test() -> None:
        async with connect(cluster.address) as engine:
            with pytest.raises(ClusterBusy, match=f"PID {holder.pid}"):
                await _run(engine)
            holder.kill()
            for _ in range(300):
                try:
                    return await _run(engine)
                except ClusterBusy:
                    await asyncio.sleep(0.1)
            raise AssertionError("the turn of a dead process goes on")

    try:
        assert holder.stdout.readline() == b"held\n"
        asyncio.run(test())
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


def test_a_live_holder_keeps_the_turn_longer_than_its_lease(
    new_cluster: NewCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_code, "LEASE", 1)
    cluster = new_cluster(DASK_DISTRIBUTED__SCHEDULER__LOCKS__LEASE_VALIDATION_INTERVAL="200ms")

    async def test(first: DaskEngine, second: DaskEngine) -> None:
        async with first.turn():
            await asyncio.sleep(2.5)
            with pytest.raises(ClusterBusy):
                await _run(second)

    _both(cluster, test)


def test_a_scheduler_that_is_gone_is_named(new_cluster: NewCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfenv_lab.cluster.dask.engine.PATIENCE", 3.0)
    cluster = new_cluster()

    async def test(first: DaskEngine, second: DaskEngine) -> None:
        cluster.end("scheduler")
        with pytest.raises(ClusterUnreachable, match="does not answer anymore"):
            await _run(first)

    _both(cluster, test)
