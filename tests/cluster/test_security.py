"""Test schedulers with certificates, and addresses where no scheduler answers as it should."""

from __future__ import annotations

import asyncio
import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dask
import pytest

from tfenv_lab.cluster.dask import engine as dask_engine
from tfenv_lab.cluster.dask.engine import connect
from tfenv_lab.errors import ClusterMismatch, ClusterUnreachable, InvalidRequest, TfenvError

from ..nodes.conftest import Locks
from .conftest import NewCluster
from .test_dask import _rollout

ROLES = ("scheduler", "worker", "client")


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, Any]:
    """Make certificates of an authority, and return Dask's configuration with them."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl, which makes certificates, is not installed")
    folder = tmp_path / "tls"
    folder.mkdir()
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    for command in (
        "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=test-authority",
        "req -newkey rsa:2048 -nodes -keyout dask.key -out dask.csr -subj /CN=dask",
        "x509 -req -in dask.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out dask.pem -days 2 -extfile names",
    ):
        subprocess.run(["openssl", *command.split()], cwd=folder, check=True, capture_output=True)
    pair = {"cert": str(folder / "dask.pem"), "key": str(folder / "dask.key")}
    return {"ca-file": str(folder / "ca.pem"), **{role: pair for role in ROLES}}


@pytest.fixture
def environ(certificates: dict[str, Any]) -> dict[str, str]:
    """Return the same as variables for processes."""
    start = "DASK_DISTRIBUTED__COMM__TLS"
    return {
        f"{start}__CA_FILE": certificates["ca-file"],
        **{f"{start}__{role}__{kind}".upper(): certificates[role][kind] for role in ROLES for kind in ("cert", "key")},
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
    }


@pytest.fixture
def trusted(certificates: dict[str, Any]) -> Iterator[None]:
    start, client = "distributed.comm.tls", certificates["client"]
    mine = {f"{start}.client.{kind}": client[kind] for kind in ("cert", "key")}
    with dask.config.set({f"{start}.ca-file": certificates["ca-file"], **mine}):
        yield


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dask_engine, "PATIENCE", 5.0)


async def _refused(address: str) -> TfenvError:
    with pytest.raises(TfenvError) as refused:
        async with connect(address):
            pass
    return refused.value


@pytest.mark.usefixtures("trusted")
def test_a_cluster_with_certificates_gets_the_environment(
    new_cluster: NewCluster, locks: Locks, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dask_engine, "PATIENCE", 30.0)
    cluster = new_cluster("one", protocol="tls", **environ)
    assert cluster.address.startswith("tls://")
    [result] = asyncio.run(_rollout(cluster, locks.old, 1))
    assert result.state == "ready"


def test_a_scheduler_that_wants_certificates_is_named(new_cluster: NewCluster, environ: dict[str, str]) -> None:
    cluster = new_cluster(protocol="tls", **environ)
    without = asyncio.run(_refused(cluster.address))
    assert isinstance(without, InvalidRequest)
    assert "needs certificates" in without.message
    plain = asyncio.run(_refused(cluster.address.replace("tls://", "tcp://")))
    assert isinstance(plain, ClusterUnreachable)
    assert "tls://" in (plain.hint or "")


def test_an_address_where_nothing_answers_is_named() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{probe.getsockname()[1]}"
    error = asyncio.run(_refused(address))
    assert (error.reason, address in error.message) == ("cluster-unreachable", True)


def test_a_program_that_is_no_scheduler_is_named() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        error = asyncio.run(_refused(f"tcp://127.0.0.1:{server.getsockname()[1]}"))
    assert error.reason == "cluster-unreachable"


def test_a_scheduler_of_another_version_is_refused(new_cluster: NewCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    cluster = new_cluster()
    monkeypatch.setattr(dask_engine.library, "__version__", "2020.1.0")
    error = asyncio.run(_refused(cluster.address))
    assert isinstance(error, ClusterMismatch)
    assert "2020.1.0" in error.message


def test_the_command_installs_and_tells_by_its_exit_status(new_cluster: NewCluster, locks: Locks) -> None:
    cluster = new_cluster("one")
    here = cluster.new_node("notebook")
    here.install(locks.old, "app")
    scheduler = f"--scheduler={cluster.address}"
    unknown = here.command("rollout", "app", scheduler, "--nodes=nobody", "--beside")
    assert (unknown.returncode, "nobody" in unknown.stderr) == (3, True)
    dry = here.command("rollout", "app", scheduler, "--dry-run", "--beside", "--json")
    assert dry.returncode == 0, dry.stderr
    [planned] = json.loads(dry.stdout)["nodes"]
    assert (planned["node"]["name"], planned["plan"]["action"]) == ("one", "install")
    assert cluster.prefixes("one") == []
    refused = here.command("rollout", "app", scheduler)
    assert (refused.returncode, "no distributed" in refused.stderr) == (5, True)
    both = here.command("rollout", "app", "--back", scheduler)
    assert (both.returncode, "--back" in both.stderr) == (2, True)
    done = here.command("rollout", "app", scheduler, "--nodes=one", "--beside")
    assert done.returncode == 0, done.stderr
    name = json.loads(dry.stdout)["name"]
    assert f"{name} is ready on 1 of 1 worker." in done.stdout
    assert cluster.prefixes("one") == [name]
    remote = here.command("rollout", "app", "--scheduler=tcp://10.0.0.1:8786")
    assert (remote.returncode, "no encryption" in remote.stderr) == (4, True)
