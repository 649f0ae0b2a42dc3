"""Let two ranks of real TensorFlow add a number, as the check of a cluster does it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from pathlib import Path

import pytest

from tfenv_lab.cluster import all_reduce

from ..tiny_tensorflow import PYTHON
from .conftest import Home, hide_this_machine


def ranks(python: Path, count: int = 2) -> list[tuple[int, str]]:
    """Run the script in as many processes, and return the exit status and the output of each."""
    probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    workers = [f"127.0.0.1:{probe.getsockname()[1]}" for probe in probes]
    for probe in probes:
        probe.close()
    started = []
    for index in range(count):
        config = {"cluster": {"worker": workers}, "task": {"type": "worker", "index": index}}
        variables = {**os.environ, "TF_CONFIG": json.dumps(config), "TF_CPP_MIN_LOG_LEVEL": "2"}
        started.append(
            subprocess.Popen(
                [str(python), str(Path(all_reduce.__file__))],
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
    found = [process.communicate(timeout=300)[0] for process in started]
    return [(process.returncode, output) for process, output in zip(started, found, strict=True)]


def test_two_ranks_add_a_number(source: str, channels: list[str], cache: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        hide_this_machine(patch)
        home = Home(tmp_path / "home", channels, cache)
        home.run("create", "tf", f"--python={PYTHON}", "--variant=cpu", f"--source={source}")
        assert ranks(home.prefix / "bin" / "python") == [(0, "The sum is 2, and 2 is right.\n")] * 2
