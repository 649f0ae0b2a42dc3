"""Test the check of a cluster on real workers, with a tiny TensorFlow, over the command and over REST."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import psutil
import pytest
from jupyter_server.auth.authorizer import AllowAllAuthorizer

from ..conftest import Api
from ..nodes.conftest import write_lock
from ..tiny_channel import TinyChannel
from . import runnable
from .conftest import Cluster, NewCluster


@pytest.fixture
def lock(channel: TinyChannel, tmp_path: Path) -> Path:
    """Make a lock of an environment with a TensorFlow (3.0), next to one without (1.0)."""
    runnable.add_python(channel)
    runnable.add_tensorflow(channel)
    channel.add("app", "1.0", depends=["python"])
    channel.index()
    return write_lock(channel, tmp_path, "app ==3.0")


def test_the_command_says_of_each_worker_whether_tensorflow_works(
    new_cluster: NewCluster, lock: Path, channel: TinyChannel, tmp_path: Path
) -> None:
    cluster = new_cluster("one", "two")
    cluster.add("bad", FAULT="import")
    here = cluster.new_node("notebook")
    here.install(lock, "app")
    scheduler = f"--scheduler={cluster.address}"
    none = here.command("check", "app", scheduler)
    assert none.returncode == 9
    assert "two: The worker does not have the environment app-" in none.stdout
    assert here.command("rollout", "app", scheduler, "--beside").returncode == 0
    cluster.add("late")
    found = here.command("check", "app", scheduler, "--json")
    assert found.returncode == 9, found.stderr
    body = json.loads(found.stdout)
    nodes = {node["name"]: node for node in body["nodes"]}
    assert {name: node["state"] for name, node in nodes.items() if name != "late"} == {
        "one": "works",
        "two": "works",
        "bad": "failed",
    }, found.stdout
    assert "libcudart.so.12" in str(nodes["bad"]["error"])
    assert nodes["one"]["tensorflow"] == "2.19.1"
    assert body["all_reduce"] == "The all_reduce between one and two worked."
    # The workers that fail come first.
    for name in ("two", "late"):
        cluster.end(name)
    alone = here.command("check", "app", scheduler)
    assert [line.split(":")[0] for line in alone.stdout.splitlines() if line[0] != " "] == [
        "bad",
        "one",
        "No all_reduce was tried, because it needs two workers on which TensorFlow works; there are 1.",
    ], alone.stdout
    # An environment without TensorFlow.
    other = write_lock(channel, tmp_path, "app ==1.0")
    here.install(other, "bare")
    assert here.command("rollout", "bare", scheduler, "--beside").returncode == 0
    bare = here.command("check", "bare", scheduler)
    assert (bare.returncode, "one: TensorFlow is not installed" in bare.stdout) == (9, True), bare.stdout


@pytest.fixture
def cluster(new_cluster: NewCluster) -> Cluster:
    return new_cluster("one", "two")


@pytest.fixture
def jp_server_config(channel: TinyChannel, cluster: Cluster) -> dict[str, Any]:
    clusters = {"real": cluster.address, "gone": "tcp://127.0.0.1:9"}
    return {
        "ServerApp": {"jpserver_extensions": {"tfenv_lab": True}},
        "TfenvLab": {"channels": [channel.url], "check_after_change": False, "clusters": clusters},
    }


async def _rolled_out(api: Api, lock: Path) -> str:
    job = await api.apply(kind="match", name="app", content=lock.read_text())
    environment = str(job["environment"])
    job = await api.apply(kind="rollout", environment=environment, cluster="real", mode="beside")
    assert job["state"] == "succeeded", job
    return environment


async def _check(api: Api, environment: str, cluster: str = "real") -> Any:
    status, job = await api.call("POST", f"clusters/{cluster}/checks", {"environment": environment})
    assert (status, job["kind"], job["cluster"], job["nodes"]) == (202, "check", cluster, []), job
    return job


async def test_a_check_of_a_cluster_is_a_job(api: Api, cluster: Cluster, lock: Path) -> None:
    environment = await _rolled_out(api, lock)
    job = await api.finished((await _check(api, environment))["id"], 300)
    assert (job["state"], job["error"], job["result"]) == ("succeeded", None, None)
    assert [(node["name"], node["state"], node["tensorflow"]) for node in job["nodes"]] == [
        ("one", "works", "2.19.1"),
        ("two", "works", "2.19.1"),
    ]
    assert [warning["message"] for warning in job["warnings"]] == ["The all_reduce between one and two worked."]
    # It is not a check of the environment on this machine.
    assert (await api.environment("app"))["check"] is None
    gone = await api.finished((await _check(api, environment, "gone"))["id"], 120)
    assert (gone["state"], gone["error"]["reason"]) == ("failed", "cluster-unreachable")


@pytest.mark.parametrize("how", ["cancelled", "killed"])
async def test_a_check_ends_everywhere_if_it_is_cancelled_and_if_a_worker_dies(
    api: Api, cluster: Cluster, lock: Path, tmp_path: Path, how: str
) -> None:
    environment = await _rolled_out(api, lock)
    began = tmp_path / "began"
    began.mkdir()
    for name in ("one", "two"):
        [prefix] = cluster.machines[name].envs.iterdir()
        [module] = prefix.glob("lib/*/site-packages/tensorflow/__init__.py")
        # The first worker hangs. A file of its own, not the one that is linked from the cache.
        text = module.read_text()
        module.unlink()
        hangs = f"import os, time\nopen('{began}/{name}', 'w').write(str(os.getpid()))\ntime.sleep(600)\n"
        module.write_text((hangs if name == "one" or how == "cancelled" else "") + text)
    job = await _check(api, environment)
    count = 2 if how == "cancelled" else 1
    for _ in range(600):
        if len(pids := [path.read_text() for path in began.iterdir() if path.read_text()]) == count:
            break
        await asyncio.sleep(0.1)
    assert len(pids) == count
    if how == "cancelled":
        status, ended = await api.call("DELETE", f"jobs/{job['id']}")
        assert (status, ended["state"], ended["message"]) == (202, "cancelled", "Cancelled; nothing was changed")
    else:
        # The nanny, as an administrator or a batch system kills it. Its worker follows.
        cluster.processes["one"].kill()
        ended = await api.finished(job["id"], 300)
        assert ended["state"] == "failed"
        assert ended["nodes"][0]["state"] == "lost"
        assert ended["error"]["message"].startswith("The check failed on ")
    for _ in range(300):
        if not any(psutil.pid_exists(int(pid)) for pid in pids):
            return
        await asyncio.sleep(0.1)
    raise AssertionError(f"{pids} still run")


async def test_what_cannot_be_checked_is_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    for cluster, body, status, reason, part in (
        ("nothing", {"environment": "x"}, 404, "not-found", "no cluster “nothing”"),
        ("real", {"environment": "x"}, 404, "not-found", "no longer exists"),
        ("real", {}, 400, "invalid-request", "“environment”"),
        ("real", {"environment": 1}, 400, "invalid-request", "“environment”"),
        ("real", {"environment": "x", "address": "tcp://1.2.3.4:1"}, 400, "invalid-request", "“environment”"),
    ):
        found, error = await api.call("POST", f"clusters/{cluster}/checks", body)
        assert (found, error["reason"], part in error["message"]) == (status, reason, True), error
    monkeypatch.setattr(
        AllowAllAuthorizer,
        "is_authorized",
        lambda self, handler, user, action, resource: resource != "tfenv_lab_rollout",
    )
    found, error = await api.call("POST", "clusters/real/checks", {"environment": "x"})
    assert (found, error["reason"]) == (403, "forbidden")
