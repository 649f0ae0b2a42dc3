"""The descendants of a worker end with it, even those that it starts at that moment; its log has a limit."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import uuid

import psutil
import pytest

from tfenv_lab import serde
from tfenv_lab.jobs import process, starting
from tfenv_lab.jobs.messages import BuildChannel, Message, Succeeded
from tfenv_lab.jobs.process import end_children
from tfenv_lab.jobs.store import LOG_BYTES

#: Starts processes in sessions of their own without end.
_STARTS_OTHERS = """
import itertools, subprocess, sys
for number in itertools.count():
    subprocess.Popen([sys.executable, "-S", "-c", "import time; time.sleep(600)", sys.argv[1]], start_new_session=True)
    if number == 5:
        print("started", flush=True)
"""


def test_no_descendant_outlives_a_process_that_keeps_starting_others() -> None:
    mark = uuid.uuid4().hex
    process = subprocess.Popen([sys.executable, "-S", "-c", _STARTS_OTHERS, mark], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"started\n"

    end_children(process.pid)
    process.kill()
    process.wait()
    process.stdout.close()

    left = [each for each in psutil.process_iter(["cmdline"]) if mark in (each.info["cmdline"] or ())]
    _, alive = psutil.wait_procs(left, 10)
    for each in alive:
        each.kill()
    assert alive == []


class _Recorder:
    """Runs a program as a worker, and records its messages and what goes to the log."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.messages: list[Message] = []
        self.log: list[str] = []

    def run(self, code: str) -> int:
        started = [sys.executable, "-S", "-c", code]
        self._monkeypatch.setattr(starting, "command", lambda environ, first, module: (started, dict(environ)))
        worker = process.WorkerProcess(self.messages.append, self.log.append)
        return asyncio.run(worker.run(BuildChannel()))


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> _Recorder:
    """Provide a way to run any program as a worker."""
    return _Recorder(monkeypatch)


def test_many_short_lines_are_logged_together_up_to_the_limit_of_a_log(recorder: _Recorder) -> None:
    code = "import sys; [sys.stderr.buffer.write(b'x\\n' * 50_000) for _ in range(40)]"
    assert recorder.run(code) == 0
    assert sum(map(len, recorder.log)) == LOG_BYTES
    assert len(recorder.log) < LOG_BYTES / 100


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_a_line_without_end_is_logged_in_parts_up_to_the_limit_of_a_log(
    recorder: _Recorder, stream: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "LONGEST", 100_000)
    code = f"import sys; [sys.{stream}.buffer.write(b'x' * 100_000) for _ in range(40)]"
    assert recorder.run(code) == 0
    assert sum(map(len, recorder.log)) == LOG_BYTES


def test_messages_arrive_after_a_full_log(recorder: _Recorder) -> None:
    message = serde.dumps(Succeeded()).decode()
    assert recorder.run(f"import sys; sys.stderr.write('x' * 3_000_000); print('no message'); print({message!r})") == 0
    assert recorder.messages == [Succeeded()]


def test_letters_that_are_cut_are_put_together(recorder: _Recorder) -> None:
    code = (
        "import sys, time; out = sys.stderr.buffer; out.write(b'\\xc3'); out.flush(); time.sleep(0.2); "
        "out.write(b'\\xa9'); out.flush()"
    )
    assert recorder.run(code) == 0
    assert "".join(recorder.log) == "é"
