"""Faults of real servers: killed with and without their workers, two at once, locks deleted, clocks and full disks.

A worker is stopped at a chosen call, so that the fault happens in a certain phase and not at a random moment.
"""

from __future__ import annotations

import errno
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ..conda.transaction.killing import tree
from ..servers import Server
from ..shims import built
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON
from .world import FAULTS, WRITES

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON, "packages": ["numpy 2.1.*"]}
#: Where a worker is stopped in an update.
STOPS = {
    "link": r"/envs/\.tfenv-new-",
    "record": r"/\.tfenv-new-[^/]*/conda-meta/tfenv_lab",
    "after the swap": r"/envs/\.tfenv-trash-",
}
#: Names of what may stay next to an environment.
LOCKS = (".tfenv-lock-", ".tfenv-holder-")


class Site:
    """The folders of a user, with the servers that run on them, one environment, and a fault."""

    def __init__(self, channel: TinyChannel, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.channel, self.control, self.clock = channel, folder / "fault", folder / "clock"
        self.hit = folder / "fault.hit"
        self.home = Path(os.environ["HOME"])
        self.envs = self.home / ".conda/envs"
        self.prefix = self.envs / "tf"
        libraries = f"{built('faults/fault.c', folder)} {built('faults/clock.c', folder)}"
        self._environ = {"LD_PRELOAD": libraries, "FAULT": str(self.control), "CLOCK": str(self.clock)}
        self.servers: list[Server] = []

    def server(self) -> Server:
        """Start another server."""
        self.servers.append(Server(self.channel, self._environ))
        return self.servers[-1]

    def arm(self, calls: str, paths: str, what: int | str) -> None:
        """Let calls fail, as ``fault.c`` says."""
        self.heal()
        fresh = self.control.with_name("fault.new")
        fresh.write_text(f"{calls}\n{paths}\n{what}\n0\nstay\n")
        fresh.replace(self.control)

    def heal(self) -> None:
        """End the fault."""
        self.control.unlink(missing_ok=True)
        self.hit.unlink(missing_ok=True)

    def environment(self, server: Server) -> Any:
        """Return the environment."""
        (found,) = server.call("GET", "environments")["environments"]
        return found

    def update(self, server: Server) -> Any:
        """Start an update of numpy, and return its job."""
        request = {"kind": "install", "environment": self.environment(server)["id"], "specs": ["numpy 2.2.*"]}
        return server.call("POST", "jobs", {"plan": server.call("POST", "plans", request)["id"]})

    def stopped(self, server: Server, paths: str) -> tuple[Any, psutil.Process]:
        """Start an update that stops at a call for these paths; return its job and its worker."""
        self.arm(WRITES, paths, "stop")
        job = self.update(server)
        deadline = time.monotonic() + 60
        while not self.hit.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
        self.control.unlink()
        workers = psutil.Process(server.process.pid).children()
        (worker,) = [worker for worker in workers if "tfenv_lab.jobs.worker" in " ".join(worker.cmdline())]
        return job, worker

    def beside(self) -> list[str]:
        """Return what is next to the environment, except locks."""
        return sorted(path.name for path in self.envs.iterdir() if not path.name.startswith((*LOCKS, ".tfenv-cache")))

    def settled(self) -> None:
        """Wait until nothing but the environment is left."""
        deadline = time.monotonic() + 60
        while self.beside() != ["tf"]:
            assert time.monotonic() < deadline, self.beside()
            time.sleep(0.1)

    def version(self) -> str:
        """Return the version of numpy, of which there is exactly one."""
        (record,) = (self.prefix / "conda-meta").glob("numpy-*.json")
        version = record.name.split("-")[1]
        assert [path.name for path in (self.prefix / "share/numpy").iterdir()] == [f"{version}.txt"]
        return version


@pytest.fixture
def site(tensorflow_channel: TinyChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    made = Site(tensorflow_channel, tmp_path, monkeypatch)
    yield made
    for server in made.servers:
        if server.process.poll() is None:
            server.kill()


@pytest.mark.parametrize(
    ("stop", "with_workers"),
    [
        ("record", True),
        ("after the swap", False),
        *(pytest.param(stop, both, marks=pytest.mark.long) for stop in STOPS for both in (True, False)),
    ],
)
def test_a_killed_server_leaves_the_old_environment_or_the_new(site: Site, stop: str, with_workers: bool) -> None:
    server = site.server()
    server.apply(**CREATE)
    before = tree(site.prefix)
    job, worker = site.stopped(server, STOPS[stop])
    server.kill(with_workers=with_workers)
    if worker.is_running():
        worker.send_signal(signal.SIGCONT)
    server = site.server()
    ended = server.ended(server.call("GET", f"jobs/{job['id']}"))
    site.settled()
    if ended["state"] == "succeeded":
        assert site.version() == "2.2.0"
    else:
        assert ended["state"] == "interrupted"
        assert ended["error"]["message"] == "The server stopped while the job was running. Nothing was changed."
        assert tree(site.prefix) == before
        server.finish(site.update(server))
    assert site.version() == "2.2.0"


def test_two_servers_share_the_folders_and_the_second_settles_what_the_first_leaves(site: Site) -> None:
    first = site.server()
    first.apply(**CREATE)
    second = site.server()
    job, worker = site.stopped(first, STOPS["record"])
    # The second server sees the job, and cannot change the same environment.
    assert second.call("GET", f"jobs/{job['id']}")["state"] == "running"
    refused = second.ended(site.update(second))
    assert (refused["state"], refused["error"]["reason"]) == ("failed", "prefix-busy")
    worker.send_signal(signal.SIGCONT)
    first.finish(job)
    assert site.version() == "2.2.0"
    first.kill()
    assert second.ended(second.call("GET", f"jobs/{job['id']}"))["state"] == "succeeded"
    assert second.names() == ["tf"]


def test_locks_that_are_deleted_during_a_change_do_no_harm(site: Site) -> None:
    server = site.server()
    server.apply(**CREATE)
    job, worker = site.stopped(server, STOPS["record"])
    for path in [*site.envs.glob(".tfenv-*-tf"), *site.home.glob(".local/state/tfenv_lab/servers/*")]:
        if path.is_file():
            path.unlink()
    # Another server finds no lock, and takes a new one.
    second = site.server()
    other = second.ended(site.update(second))
    worker.send_signal(signal.SIGCONT)
    job = server.ended(job)
    assert "succeeded" in (job["state"], other["state"])
    assert {job["state"], other["state"]} <= {"succeeded", "failed", "interrupted"}
    site.settled()
    assert site.version() == "2.2.0"


@pytest.mark.parametrize("days", [40, -40])
def test_a_clock_that_jumps_loses_no_job_and_no_environment(site: Site, days: int) -> None:
    server = site.server()
    server.apply(**CREATE)
    job, worker = site.stopped(server, STOPS["record"])
    site.clock.write_text(str(days * 86400))
    worker.send_signal(signal.SIGCONT)
    server.finish(job)
    assert server.call("GET", f"jobs/{job['id']}")["state"] == "succeeded"
    assert server.call("GET", "jobs")["jobs"][0]["id"] == job["id"]
    request = {"kind": "install", "environment": site.environment(server)["id"], "specs": ["pandas"]}
    server.apply(**request)
    newest = server.call("GET", "jobs")["jobs"][0]
    assert newest["id"] > job["id"]
    assert site.version() == "2.2.0"
    site.settled()


def test_a_state_folder_that_fails_is_never_an_internal_error_and_loses_no_job(site: Site) -> None:
    server = site.server()
    server.apply(**CREATE)
    environment = site.environment(server)["id"]
    request = {"kind": "install", "environment": environment, "specs": ["numpy 2.2.*"]}
    plan = server.call("POST", "plans", request)
    for fault in FAULTS.values():
        for calls in (fault.calls, "open,write,mkdir,rename"):
            site.arm(calls, r"/\.local/state/tfenv_lab", fault.number)
            for method, path, body in (
                ("GET", "status", None),
                ("GET", "jobs", None),
                ("GET", "environments", None),
                ("GET", f"plans/{plan['id']}", None),
                ("POST", "plans", request),
            ):
                status, answer = server.ask(method, path, body)
                assert status != 500, (fault, method, path, answer)
                if status >= 400 and answer["reason"] != "not-found":
                    assert answer["reason"] == fault.reason, answer
                    assert fault.words.lower() in answer["message"].lower()
            site.heal()
    # A job that was accepted stays listed, also if its record cannot be written.
    site.arm("open,write,mkdir,rename", r"/tfenv_lab/jobs/", errno.ENOSPC)
    job = server.call("POST", "jobs", {"plan": plan["id"]})
    assert server.ended(job)["state"] == "succeeded"
    assert job["id"] in [each["id"] for each in server.call("GET", "jobs")["jobs"]]
    site.heal()
    assert site.version() == "2.2.0"


def test_a_full_state_folder_does_not_prevent_cleaning(site: Site) -> None:
    server = site.server()
    server.apply(**CREATE)
    server.finish(server.call("DELETE", f"environments/{site.environment(server)['id']}"))
    site.arm("open,write,mkdir", r"/\.local/state/tfenv_lab", errno.ENOSPC)
    plan = server.call("POST", "plans", {"kind": "clean", "what": ["cache"]})
    assert plan["freed_bytes"] > 0
    job = server.ended(server.call("POST", "jobs", {"plan": plan["id"]}))
    assert job["state"] == "succeeded", job
