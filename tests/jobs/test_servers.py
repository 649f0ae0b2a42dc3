"""A server that runs is known by its lock: whatever its host is called, and even if another process has its id."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.disk import locks
from tfenv_lab.jobs.models import Job, Server, new_id
from tfenv_lab.jobs.servers import Servers

from ..conftest import Api

_OTHER = """
import dataclasses, json, sys, time
from pathlib import Path
from tfenv_lab.disk import locks
from tfenv_lab.jobs.servers import Servers
if sys.argv[2] == "False":
    locks.can_lock = lambda folder: False
servers = Servers(Path(sys.argv[1]))
print(json.dumps(dataclasses.asdict(servers.this())), flush=True)
time.sleep(600)
"""


def job_of(server: Server | None, age: timedelta = timedelta()) -> Job:
    created = (datetime.now(timezone.utc) - age).isoformat(timespec="milliseconds")
    return Job(new_id(), "create", "tf", "/envs/tf", None, server=server, created=created)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "servers"


@pytest.fixture(params=[True, False], ids=["locks", "no locks"])
def other(request: pytest.FixtureRequest, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A process that is another server, and its identity; the file system has locks or not."""
    if not request.param:
        monkeypatch.setattr(locks, "can_lock", lambda folder: False)
    process = subprocess.Popen([sys.executable, "-c", _OTHER, str(folder), str(request.param)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    yield process, Server(**json.loads(process.stdout.readline()))
    process.kill()
    process.wait()
    process.stdout.close()


@pytest.mark.parametrize("host", [None, "a-former-name"])
def test_a_server_runs_until_its_process_ends(other: Any, tmp_path: Path, host: str | None) -> None:
    process, server = other
    server = replace(server, host=host or server.host, pid=server.pid if host is None else 1)
    servers = Servers(tmp_path / "servers")
    assert servers.runs(job_of(server))
    process.kill()
    process.wait()
    assert not servers.runs(job_of(server))
    assert not servers.runs(job_of(server)), "and stays dead"


def test_this_server_runs_until_it_leaves(tmp_path: Path) -> None:
    servers, others = Servers(tmp_path / "servers"), Servers(tmp_path / "servers")
    job = job_of(servers.this())
    assert servers.runs(job)
    assert others.runs(job)
    servers.leave()
    assert not others.runs(job)
    assert list((tmp_path / "servers").iterdir()) == []


def test_the_locks_of_dead_servers_are_deleted_and_those_of_others_stay(other: Any, folder: Path) -> None:
    process, server = other
    for path in folder.glob("*"):
        os.utime(path, (0, 0))
    servers = Servers(folder)
    servers.forget_dead()
    assert any(path.name.startswith(server.lock) for path in folder.iterdir())
    process.kill()
    process.wait()
    (folder / ("a" * 32)).touch()
    servers.forget_dead()
    assert (folder / ("a" * 32)).exists(), "a server may just have created it"
    os.utime(folder / ("a" * 32), (0, 0))
    servers.forget_dead()
    assert not any(len(path.name) == 32 for path in folder.iterdir())


def test_a_job_without_a_server_has_none(tmp_path: Path) -> None:
    assert not Servers(tmp_path).runs(job_of(None))


@pytest.mark.parametrize("lock", ["../jobs", "a" * 31, "/etc/passwd", "A" * 32])
def test_a_lock_of_another_form_is_none(tmp_path: Path, lock: str) -> None:
    assert not Servers(tmp_path).runs(job_of(Server("host", 1, 1.0, lock)))


def test_a_server_of_an_earlier_version_is_known_by_its_process_or_its_age(tmp_path: Path) -> None:
    servers = Servers(tmp_path / "servers")
    here = replace(servers.this(), lock="")
    assert servers.runs(job_of(here, timedelta(days=9)))
    assert not servers.runs(job_of(replace(here, started=1.0)))
    assert servers.runs(job_of(replace(here, host="elsewhere")))
    assert not servers.runs(job_of(replace(here, host="elsewhere"), timedelta(hours=2)))


def test_a_server_whose_folder_cannot_be_written_has_no_lock(tmp_path: Path) -> None:
    (tmp_path / "servers").write_text("in the way")
    assert Servers(tmp_path / "servers").this().lock == ""


class TestAnotherServer:
    @pytest.fixture
    def folder(self, clean_home: Path) -> Path:
        return clean_home / ".local/state/tfenv_lab/servers"

    async def test_its_jobs_are_interrupted_when_it_dies(
        self, api: Api, made: Any, other: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        process, server = other
        jobs = Path.home() / ".local/state/tfenv_lab/jobs"
        [path] = jobs.glob("*.json")
        job_id = new_id()
        stored = {**json.loads(path.read_bytes()), "id": job_id, "state": "running", "finished": None, "phase": "link"}
        stored["server"] = {"host": "a-former-name", "pid": 1, "started": 1.0, "lock": server.lock}
        (jobs / f"{job_id}.json").write_text(json.dumps(stored))
        left = Path(made["prefix"]).parent / f".tfenv-new-{job_id}-tf"
        left.mkdir()
        monkeypatch.setattr("tfenv_lab.jobs.dead_servers.LOOK_AGAIN", 0.0)
        _, job = await api.call("GET", f"jobs/{job_id}")
        assert job["state"] == "running"

        process.kill()
        process.wait()
        deadline = time.monotonic() + 60
        while job["state"] == "running" and time.monotonic() < deadline:
            _, job = await api.call("GET", f"jobs/{job_id}")
        assert job["state"] == "interrupted"
        assert not left.exists()
