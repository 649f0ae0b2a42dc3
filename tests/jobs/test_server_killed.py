"""A real server is killed after it has deleted or renamed an environment, and started again."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON

TOKEN = "a-token-of-this-test"
CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON, "packages": ["many"]}
#: Number of kills; the larger number with ``-m long``.
KILLS = [pytest.param(2, id="2"), pytest.param(100, id="100", marks=pytest.mark.long)]


class Server:
    """A Jupyter server in a separate process, with a tiny channel."""

    def __init__(self, channel: TinyChannel) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._root = f"http://127.0.0.1:{port}/tfenv-lab"
        command = [sys.executable, "-m", "jupyter_server", f"--port={port}", "--ip=127.0.0.1", "--allow-root"]
        command += ["--ServerApp.jpserver_extensions={'tfenv_lab': True}", f"--IdentityProvider.token={TOKEN}"]
        command += [f"--TfenvLab.channels={channel.url}", "--TfenvLab.check_after_change=False"]
        null = subprocess.DEVNULL
        self.process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True)
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                self.call("GET", "status")
                return
            assert self.process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer of a call, which must succeed."""
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._root}/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read())
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from error

    def apply(self, **request: Any) -> None:
        """Plan, apply and wait."""
        self.finish(self.call("POST", "jobs", {"plan": self.call("POST", "plans", request)["id"]}))

    def finish(self, job: Any) -> None:
        """Wait until the server reports that a job has succeeded."""
        while not job["finished"]:
            job = self.call("GET", f"jobs/{job['id']}")
        assert job["state"] == "succeeded", job

    def names(self) -> list[str]:
        """Return the names of the environments."""
        return [one["name"] for one in self.call("GET", "environments")["environments"]]

    def kill(self, with_workers: bool = True) -> None:
        """Kill the server, and also its workers unless they must notice by themselves."""
        workers = psutil.Process(self.process.pid).children(recursive=True) if with_workers else []
        self.process.kill()
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        self.process.wait()


@pytest.fixture
def servers(tensorflow_channel: TinyChannel) -> Iterator[list[Server]]:
    """A list of servers to stop after the test."""
    files = {f"share/many/{number // 100}/{number}.txt": str(number) for number in range(10_000)}
    tensorflow_channel.add("many", "1.0", noarch="generic", files=files)
    tensorflow_channel.index()
    started: list[Server] = []
    yield started
    for server in started:
        if server.process.poll() is None:
            server.kill()


@pytest.mark.parametrize("kills", KILLS)
def test_a_deleted_or_renamed_environment_does_not_return(
    tensorflow_channel: TinyChannel, servers: list[Server], kills: int
) -> None:
    random.seed("server")
    envs = Path(os.environ["HOME"], ".conda/envs")
    server = Server(tensorflow_channel)
    servers.append(server)
    for number in range(kills):
        server.apply(**CREATE)
        if number % 2:
            (one,) = server.call("GET", "environments")["environments"]
            server.apply(kind="rename", environment=one["id"], name="other")
        (one,) = server.call("GET", "environments")["environments"]
        server.finish(server.call("DELETE", f"environments/{one['id']}"))
        time.sleep(random.random() * 0.2)
        server.kill(with_workers=number % 3 != 0)
        server = servers[0] = Server(tensorflow_channel)
        assert server.names() == [], f"kill {number}"
        deadline = time.monotonic() + 30
        while [path.name for path in envs.iterdir() if path.name.startswith((".tfenv-trash", ".tfenv-old", "tf"))]:
            assert time.monotonic() < deadline, list(envs.iterdir())
            time.sleep(0.1)
        assert server.names() == [], f"kill {number}"
