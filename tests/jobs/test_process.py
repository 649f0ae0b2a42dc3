"""The descendants of a worker end with it, even those that it starts at that moment."""

from __future__ import annotations

import subprocess
import sys
import uuid

import psutil

from tfenv_lab.jobs.process import end_children

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
