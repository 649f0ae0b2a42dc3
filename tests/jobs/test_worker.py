"""A worker whose server has died ends itself and its children, but never during a swap."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from tfenv_lab import serde
from tfenv_lab.jobs import worker
from tfenv_lab.jobs.messages import Message, PhaseBegun, RunCheck
from tfenv_lab.tensorflow.checks.evidence import Subject


def test_a_worker_ends_when_its_server_dies(tmp_path: Path) -> None:
    python = tmp_path / "tf/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\nexec sleep 600\n")
    python.chmod(0o755)
    (tmp_path / "tf/conda-meta").mkdir()
    order = RunCheck(Subject(prefix=tmp_path / "tf", environment="id"))
    process = subprocess.Popen(
        [sys.executable, "-m", "tfenv_lab.jobs.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(serde.dumps(order) + b"\n")
    process.stdin.flush()
    assert serde.loads(process.stdout.readline(), Message) == PhaseBegun("check")
    children: list[psutil.Process] = []
    while not [child for child in children if "sleep" in child.name()]:
        children = psutil.Process(process.pid).children(recursive=True)
        time.sleep(0.02)
    process.stdin.close()
    assert process.wait(30) == worker.ORPHANED
    _, alive = psutil.wait_procs(children, 10)
    assert not alive
    process.stdout.close()


def test_a_worker_finishes_a_swap_before_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = threading.Event()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO()))
    # Replace the exit, which would end the test process.
    monkeypatch.setattr("os._exit", lambda status: ended.set())
    monkeypatch.setattr("tfenv_lab.jobs.process.end_children", lambda pid: None)
    pipe = worker.ServerPipe()
    with pipe.swapping():
        pipe.watch_server()
        assert not ended.wait(0.2)
    assert ended.wait(10)
