"""A real server is killed after it has deleted or renamed an environment, and started again."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..servers import Server
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON, "packages": ["many"]}
#: Number of kills; the larger number with ``-m long``.
KILLS = [pytest.param(2, id="2"), pytest.param(100, id="100", marks=pytest.mark.long)]


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
