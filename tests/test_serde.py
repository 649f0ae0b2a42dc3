"""Test that JSON is read into types, also by several threads at once."""

from __future__ import annotations

import subprocess
import sys

#: Threads read classes for the first time at the same moment. Reading a class that another thread describes crashes.
_READ = """
import sys, threading
from dataclasses import field, make_dataclass
from tfenv_lab import serde

sys.setswitchinterval(1e-6)

def nested(depth):
    fields = [(f"number{count}", int, field(default=0)) for count in range(20)]
    return make_dataclass("Nested", [*([("inner", nested(depth - 1))] if depth else []), *fields])

for turn in range(60):
    kind, body = nested(6), {}
    for _ in range(6):
        body = {"inner": body}
    gate, failed = threading.Barrier(4), []
    def read(kind=kind, body=body):
        gate.wait()
        try:
            serde.READ(body, kind)
        except BaseException as error:
            failed.append(error)
    threads = [threading.Thread(target=read) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert not failed, failed
"""


def _run(code: str) -> None:
    # A crash ends the process, so the threads have one of their own.
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_threads_can_convert_a_new_type_at_once() -> None:
    _run(_READ.replace("serde.READ", "serde.convert"))


def test_threads_can_read_json_of_a_new_type_at_once() -> None:
    _run(_READ.replace("serde.READ(body", "serde.loads(serde.dumps(body)"))
