from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from tfenv_lab.processes import kill_group, with_kernel_variables

_PARENT = "import subprocess, sys; p = subprocess.Popen(['sleep', '60']); print(p.pid, flush=True); p.wait()"


def test_a_value_refers_to_the_servers_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THERE", "here")
    found = with_kernel_variables({"A": "x:${THERE}", "B": "${NOT_THERE}", "C": "a$$b"})
    assert (found["A"], found["B"], found["C"]) == ("x:here", "${NOT_THERE}", "a$b")
    assert found["THERE"] == "here"


@pytest.mark.skipif(sys.platform == "win32", reason="process groups are those of POSIX")
def test_killing_a_process_kills_its_children() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", _PARENT], stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        child = psutil.Process(int(process.stdout.readline()))
        kill_group(process)
        process.wait()
        _, left = psutil.wait_procs([child], timeout=5)
        assert all(process.status() == psutil.STATUS_ZOMBIE for process in left)
        kill_group(process)
