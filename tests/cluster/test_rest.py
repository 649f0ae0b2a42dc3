"""Test clusters over REST: a real server and a real cluster, and tiny environments in which workers really run."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from jupyter_server.auth.authorizer import AllowAllAuthorizer

from ..conftest import Api
from ..nodes.conftest import write_lock
from ..tiny_channel import TinyChannel
from . import runnable
from .conftest import Cluster, NewCluster


@pytest.fixture
def cluster(new_cluster: NewCluster) -> Cluster:
    return new_cluster("one", "two")


@pytest.fixture
def locks(channel: TinyChannel, tmp_path: Path) -> dict[str, Path]:
    """Make locks of an environment in which workers run, and of one without distributed (0.5)."""
    runnable.add_python(channel)
    runnable.add_distributed(channel)
    runnable.add_app(channel, "1.0", "python", "distributed")
    runnable.add_app(channel, "0.5", "python")
    channel.index()
    return {version: write_lock(channel, tmp_path, f"app =={version}") for version in ("1.0", "0.5")}


@pytest.fixture
def jp_server_config(channel: TinyChannel, cluster: Cluster) -> dict[str, Any]:
    clusters = {"real": cluster.address, "gone": "tcp://127.0.0.1:9", "plain": "tcp://10.0.0.1:8786"}
    return {
        "ServerApp": {"jpserver_extensions": {"tfenv_lab": True}},
        "TfenvLab": {"channels": [channel.url], "check_after_change": False, "clusters": clusters},
    }


async def _environment(api: Api, lock: Path) -> str:
    job = await api.apply(kind="match", name="app", content=lock.read_text())
    assert job["state"] == "succeeded", job
    return str(job["environment"])


async def _nodes(api: Api, count: int) -> Any:
    for _ in range(100):
        status, body = await api.call("GET", "clusters/real/nodes")
        assert status == 200, body
        if len(body["nodes"]) == count:
            return body["nodes"]
        await asyncio.sleep(0.2)
    raise AssertionError(body)


async def test_a_rollout_is_planned_applied_and_taken_back_like_any_change(
    api: Api, cluster: Cluster, locks: dict[str, Path]
) -> None:
    _, found = await api.call("GET", "clusters")
    assert [each["id"] for each in found["clusters"]] == ["gone", "plain", "real"]
    before = await _nodes(api, 2)
    assert [(each["name"], each["inside"], each["can_go_back"]) for each in before] == [
        ("one", "", False),
        ("two", "", False),
    ]
    environment = await _environment(api, locks["1.0"])
    rollout = {"kind": "rollout", "environment": environment, "cluster": "real"}
    plan = await api.plan(**rollout)
    assert [(each["name"], each["action"]) for each in plan["nodes"]] == [("one", "install"), ("two", "install")]
    assert (plan["kind"], plan["name"], plan["entries"]) == ("rollout", "app", [])
    assert cluster.prefixes("one") == []
    status, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, [each["state"] for each in job["nodes"]]) == (202, ["waiting", "waiting"])
    job = await api.finished(job["id"], 300)
    assert (job["state"], job["error"]) == ("succeeded", None)
    assert [each["state"] for each in job["nodes"]] == ["inside", "inside"]
    assert (job["progress"]["fraction"], job["request"]["cluster"]) == (1.0, "real")
    name = Path(job["nodes"][0]["prefix"]).name
    assert {each["inside"] for each in await _nodes(api, 2)} == {name}
    # There is nothing left to do.
    again = await api.plan(**rollout)
    assert {each["action"] for each in again["nodes"]} == {"none"}
    status, error = await api.call("POST", "jobs", {"plan": again["id"]})
    assert (status, "nothing to do" in error["message"]) == (400, True)
    back = await api.apply(**rollout, mode="back", nodes=["two"])
    assert [(each["name"], each["state"]) for each in back["nodes"]] == [("two", "inside")]
    assert [each["inside"] for each in await _nodes(api, 2)] == [name, ""]


async def test_what_a_cluster_cannot_do_is_refused_with_a_sentence(api: Api, locks: dict[str, Path]) -> None:
    environment = await _environment(api, locks["0.5"])
    await _nodes(api, 2)
    for change, status, reason, part in (
        ({"cluster": "real"}, 409, "cluster-mismatch", "no distributed"),
        ({"cluster": "real", "mode": "back"}, 404, "not-found", "go back"),
        ({"cluster": "real", "mode": "beside", "nodes": ["x"]}, 404, "not-found", "x"),
        ({"cluster": "gone"}, 502, "cluster-unreachable", "127.0.0.1:9"),
        ({"cluster": "plain"}, 403, "cluster-not-allowed", "no encryption"),
        # No address comes from a browser.
        ({"cluster": "tls://127.0.0.1:8786"}, 404, "not-found", "no cluster"),
        ({"cluster": "real", "address": "tcp://127.0.0.1:1"}, 400, "invalid-request", "address"),
        ({"cluster": "real", "mode": "over"}, 400, "invalid-request", "mode"),
        ({"cluster": "real", "nodes": []}, 400, "invalid-request", "nodes"),
        ({"cluster": "real", "nodes": "one"}, 400, "invalid-request", "nodes"),
        ({"cluster": "real", "batch": "half"}, 400, "invalid-request", "half"),
        ({"cluster": "real", "max_failed": -1}, 400, "invalid-request", "-1"),
    ):
        found, error = await api.call("POST", "plans", {"kind": "rollout", "environment": environment, **change})
        assert (found, error["reason"]) == (status, reason), change
        assert part in error["message"], change
    status, error = await api.call("GET", "clusters/nothing/nodes")
    assert (status, error["reason"]) == (404, "not-found")


async def test_a_cancelled_rollout_says_so_and_drained_workers_go_on(api: Api, locks: dict[str, Path]) -> None:
    environment = await _environment(api, locks["1.0"])
    await _nodes(api, 2)
    plan = await api.plan(kind="rollout", environment=environment, cluster="real", mode="beside")
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    status, job = await api.call("DELETE", f"jobs/{job['id']}")
    assert (status, job["state"]) == (202, "cancelled")
    assert job["message"] == "Cancelled; some workers may have the environment already"


async def test_the_authorizer_of_the_server_decides_who_may_use_clusters(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decide(self: Any, handler: Any, user: Any, action: str, resource: str) -> bool:
        return resource != "tfenv_lab_rollout"

    monkeypatch.setattr(AllowAllAuthorizer, "is_authorized", decide)
    assert await api.call("GET", "clusters") == (200, {"clusters": []})
    body = {"kind": "rollout", "environment": "x", "cluster": "real"}
    for method, path, sent in (("GET", "clusters/real/nodes", None), ("POST", "plans", body)):
        status, error = await api.call(method, path, sent)
        assert (status, error["reason"]) == (403, "forbidden")
