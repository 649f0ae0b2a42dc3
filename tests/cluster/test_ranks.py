"""Test scripts that run on real workers: processes in tiny environments, which end together."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tfenv_lab.cluster.dask import engine as dask_engine
from tfenv_lab.cluster.dask.engine import DaskEngine, connect
from tfenv_lab.cluster.planner import chosen, plan
from tfenv_lab.cluster.rollout import RunningRollout
from tfenv_lab.cluster.training import RankResult, Script, run

from ..nodes.conftest import write_lock
from ..tiny_channel import TinyChannel
from . import runnable
from .conftest import Cluster, NewCluster
from .test_dask import _workers
from .test_entering import _read

#: Each rank tells its process, and the first one adds the numbers that the others send to the address in TF_CONFIG.
_ADD = """
import json, os, socket, sys, time
config = json.loads(os.environ["TF_CONFIG"])
index, workers = config["task"]["index"], config["cluster"]["worker"]
host, _, port = workers[0].rpartition(":")
if index == 0:
    with socket.create_server((host, int(port))) as server:
        parts = [server.accept()[0].recv(10) for _ in workers[1:]]
    print("sum", 1 + sum(map(int, parts)))
else:
    for _ in range(500):
        try:
            socket.create_connection((host, int(port))).sendall(b"1")
            break
        except OSError:
            time.sleep(0.05)
print("arguments", *sys.argv[1:])
print("version", os.environ["APP_VERSION"], "threads", os.environ.get("OMP_NUM_THREADS"), file=sys.stderr)
print("in", os.getcwd())
"""
#: Each rank writes its process id and that of a child, then the second one does something else than to sleep.
_SLEEP = """
import json, os, signal, subprocess, sys, time
index = json.loads(os.environ["TF_CONFIG"])["task"]["index"]
child = subprocess.Popen(["sleep", "600"])
with open(f"{sys.argv[1]}/{index}.new", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename(f"{sys.argv[1]}/{index}.new", f"{sys.argv[1]}/{index}")
while index == 1 and not os.path.exists(f"{sys.argv[1]}/0"):
    time.sleep(0.05)
if index == 1:
    exec(sys.argv[2])
time.sleep(600)
"""


@pytest.fixture
def lock(channel: TinyChannel, tmp_path: Path) -> Path:
    runnable.add_python(channel)
    runnable.add_app(channel, "1.0", "python")
    channel.index()
    return write_lock(channel, tmp_path, "app =={}".format("1.0"))


@contextlib.asynccontextmanager
async def _installed(cluster: Cluster, lock: Path, *names: str) -> AsyncIterator[tuple[DaskEngine, str]]:
    """Connect to a cluster with two workers, which have the environment."""
    async with connect(cluster.address) as engine:
        await _workers(engine, 2)
        file, name, digest = _read(lock)
        found = await plan(engine, file, name, digest, names)
        results = await RunningRollout(engine, found, file).run()
        assert {result.state for result in results} == {"ready"}, results
        yield engine, name


async def _run(engine: DaskEngine, name: str, text: str, *arguments: str, **options: Any) -> list[RankResult]:
    return await run(engine, await chosen(engine, ()), name, Script(text, "fit.py", arguments), **options)


async def _gone(folder: Path) -> None:
    """Wait until no process of the ranks is left."""
    pids = [int(pid) for path in folder.iterdir() for pid in path.read_text().split()]
    assert len(pids) == 4
    for _ in range(300):
        alive = [pid for pid in pids if psutil.pid_exists(pid) and psutil.Process(pid).status() != "zombie"]
        if not alive:
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{alive} still run")


def test_ranks_reach_each_other_and_run_in_the_environment_with_their_arguments(
    new_cluster: NewCluster, lock: Path
) -> None:
    cluster, lines = new_cluster("one", "two"), dict[int, str]()

    def tell(rank: int, text: str) -> None:
        lines[rank] = lines.get(rank, "") + text

    async def add() -> None:
        async with _installed(cluster, lock) as (engine, name):
            results = await _run(engine, name, _ADD, "--epochs=3", "a b", tell=tell)
            assert [(each.node, each.state, each.status) for each in results] == [
                ("one", "succeeded", 0),
                ("two", "succeeded", 0),
            ], lines
            # A rank that cannot start says why.
            broken, other = await _run(engine, name, "import json\nraise ValueError('no data')", tell=tell)
            assert "failed" in (broken.state, other.state)

    asyncio.run(add())
    assert "sum 2" in lines[0]
    assert "arguments --epochs=3 a b" in lines[1]
    # The limits that Dask gives its workers are not for TensorFlow.
    assert "version 1.0 threads None" in lines[1]
    assert f"in {cluster.machines['two'].home}" in lines[1]
    # Tracebacks show the lines of the script.
    assert 'fit.py", line 2' in lines[0] + lines[1]
    assert "raise ValueError('no data')" in lines[0] + lines[1]


@pytest.mark.parametrize(
    ("action", "states", "status"),
    [
        ("sys.exit(3)", ["ended", "failed"], 3),
        ("os.kill(os.getpid(), signal.SIGKILL)", ["ended", "failed"], -9),
    ],
)
def test_if_one_rank_fails_all_processes_end(
    new_cluster: NewCluster, lock: Path, tmp_path: Path, action: str, states: list[str], status: int
) -> None:
    cluster, folder = new_cluster("one", "two"), tmp_path / "ids"
    folder.mkdir()

    async def fail() -> None:
        async with _installed(cluster, lock) as (engine, name):
            results = await _run(engine, name, _SLEEP, str(folder), action)
            assert [each.state for each in results] == states
            assert results[1].status == status
            await _gone(folder)

    asyncio.run(fail())


def test_if_a_worker_dies_or_the_call_is_cancelled_all_processes_end(
    new_cluster: NewCluster, lock: Path, tmp_path: Path
) -> None:
    cluster = new_cluster("one", "two")
    first, second = tmp_path / "1", tmp_path / "2"
    first.mkdir()
    second.mkdir()

    async def end() -> None:
        async with _installed(cluster, lock) as (engine, name):
            training = asyncio.ensure_future(_run(engine, name, _SLEEP, str(first), "pass"))
            while len(list(first.glob("[01]"))) < 2:
                assert not training.done(), training.result()
                await asyncio.sleep(0.05)
            training.cancel()
            with pytest.raises(asyncio.CancelledError):
                await training
            await _gone(first)
            training = asyncio.ensure_future(_run(engine, name, _SLEEP, str(second), "pass"))
            while len(list(second.glob("[01]"))) < 2:
                assert not training.done(), training.result()
                await asyncio.sleep(0.05)
            cluster.end("two")
            results = await training
            assert [each.state for each in results] == ["ended", "lost"]
            await _gone(second)

    asyncio.run(end())


def test_ranks_whose_output_nobody_reads_anymore_end(
    new_cluster: NewCluster, lock: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As if the program that began the training had died: the workers still have the order.
    monkeypatch.setattr(dask_engine, "READ", 600.0)
    monkeypatch.setattr(dask_engine, "UNREAD", 5.0)
    cluster, folder = new_cluster("one", "two"), tmp_path / "ids"
    folder.mkdir()

    async def forget() -> None:
        async with _installed(cluster, lock) as (engine, name):
            results = await _run(engine, name, _SLEEP, str(folder), "pass")
            assert "failed" in {each.state for each in results}
            await _gone(folder)

    asyncio.run(forget())


def test_a_worker_without_the_environment_and_a_port_that_is_taken_are_named(
    new_cluster: NewCluster, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster = new_cluster("one", "two")

    async def refused() -> None:
        async with _installed(cluster, lock, "one") as (engine, name):
            results = await _run(engine, name, "import time; time.sleep(600)")
            assert [each.state for each in results] == ["ended", "failed"]
            assert results[1].error is not None
            assert results[1].error["message"] == f"The worker does not have the environment {name}."
            with socket.create_server(("127.0.0.1", 0)) as server:
                port = server.getsockname()[1]

                async def taken(self: DaskEngine, node: Any) -> str:
                    return f"127.0.0.1:{port}"

                monkeypatch.setattr(DaskEngine, "free_address", taken)
                [one] = await run(engine, await chosen(engine, ["one"]), name, Script("pass", "fit.py"))
                assert one.error is not None
                assert one.error["message"] == f"Another program uses the port {port} of this machine."

    asyncio.run(refused())
    assert os.environ.get("TF_CONFIG") is None


_NOTEBOOK = """
import asyncio, json, sys
from tfenv_lab.cli.train import train
from tfenv_lab.errors import NotFound

async def cell():
    # A notebook has an event loop that runs.
    results = train("app", sys.argv[1], "from a notebook", scheduler=sys.argv[2])
    print(json.dumps([[each.node, each.state] for each in results]))
    try:
        train("nothing", sys.argv[1], scheduler=sys.argv[2])
    except NotFound as error:
        print(error.message)

asyncio.run(cell())
"""


def test_the_command_and_the_function_for_notebooks_print_the_output_of_each_rank(
    new_cluster: NewCluster, lock: Path, tmp_path: Path
) -> None:
    cluster = new_cluster("one", "two")
    here = cluster.new_node("notebook")
    here.install(lock, "app")
    scheduler = f"--scheduler={cluster.address}"
    script = tmp_path / "fit.py"
    script.write_text(_ADD)
    missing = here.command("train", "app", str(script), scheduler)
    assert missing.returncode == 10
    assert "does not have the environment app-" in missing.stdout
    assert here.command("rollout", "app", scheduler, "--beside").returncode == 0
    done = here.command("train", "app", str(script), scheduler, "--", "--epochs=3", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "[0] sum 2" in done.stdout
    assert "[1] arguments --epochs=3 --json" in done.stdout
    assert "rank 0 on one: succeeded" in done.stdout
    as_json = here.command("train", "app", str(script), scheduler, "--nodes=two", "--json")
    [rank] = json.loads(as_json.stdout)["ranks"]
    assert (rank["node"], rank["state"], rank["status"]) == ("two", "succeeded", 0)
    assert "[0] sum 1" in as_json.stderr
    called = subprocess.run(
        [sys.executable, "-c", _NOTEBOOK, str(script), cluster.address],
        env=here.environ,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "[1] arguments from a notebook" in called.stdout
    assert called.stdout.splitlines()[-2:] == [
        '[["one", "succeeded"], ["two", "succeeded"]]',
        "There is no environment called “nothing”.",
    ]
