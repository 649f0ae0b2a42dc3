"""Run a fake TensorFlow in a real Python: a crash, a hang or a failing import is a result."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from tfenv_lab.tensorflow.checks.models import Device

from .checking import only, run, specs
from .fake_environment import FakeEnvironment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and paths are those of POSIX")


class TestAllIsWell:
    def test_versions_and_devices(self, environment: FakeEnvironment) -> None:
        environment.tensorflow("2.19.1", cuda="12.8", devices=("CPU", "GPU"))
        result = run(environment, cuda="12.8")
        assert result.ok
        assert result.problems == []
        assert result.python == ".".join(map(str, sys.version_info[:3]))
        assert (result.tensorflow, result.keras) == ("2.19.1", "3.5.0")
        assert result.devices == [Device("CPU:0", "CPU"), Device("GPU:1 (Fake GPU)", "GPU")]
        assert 0 <= result.seconds < 30

    def test_the_output_is_kept(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="print('hello from the module')")
        assert "hello from the module" in run(environment).output

    def test_the_kernels_variables_are_set(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="print('marked', os.environ['MARK'], os.environ['PATH'])")
        output = run(environment, variables={"MARK": "yes", "PATH": f"{environment.prefix}/bin:${{PATH}}"}).output
        assert f"marked yes {environment.prefix}/bin:{os.environ['PATH']}" in output

    def test_nothing_is_imported_from_the_servers_directory(
        self, environment: FakeEnvironment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        environment.tensorflow()
        (tmp_path / "here").mkdir()
        (tmp_path / "here" / "tensorflow.py").write_text("raise SystemExit(3)")
        monkeypatch.chdir(tmp_path / "here")
        assert run(environment).ok


class TestDoesNotStart:
    def test_no_python(self, environment: FakeEnvironment) -> None:
        (environment.prefix / "bin" / "python").unlink()
        assert only(run(environment)).code == "no-python"

    def test_no_tensorflow(self, environment: FakeEnvironment) -> None:
        problem = only(run(environment))
        assert problem.code == "no-tensorflow"
        assert specs(problem) == ["tensorflow"]

    @pytest.mark.parametrize(
        ("signal", "code", "words"),
        [
            ("SIGILL", "illegal-instruction", "instructions"),
            ("SIGSEGV", "crashed", "while importing TensorFlow (SIGSEGV)"),
            ("SIGABRT", "crashed", "SIGABRT"),
            ("SIGKILL", "killed", "memory"),
        ],
    )
    def test_a_crash(self, environment: FakeEnvironment, signal: str, code: str, words: str) -> None:
        environment.tensorflow(before=f"os.kill(os.getpid(), signal.{signal})")
        result = run(environment)
        problem = only(result)
        assert problem.code == code
        assert words in problem.message
        assert result.python is not None

    def test_a_later_crash_keeps_earlier_results(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(fit_code="os.kill(os.getpid(), signal.SIGSEGV)")
        result = run(environment)
        assert "during a small computation (SIGSEGV)" in only(result).message
        assert result.tensorflow == "2.19.1"
        assert result.devices == [Device("CPU:0", "CPU")]

    def test_python_exits(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="os._exit(3)")
        problem = only(run(environment))
        assert problem.code == "exited"
        assert "status 3" in problem.message

    def test_a_hang_is_stopped_with_all_its_processes(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(
            before="import subprocess, time\n"
            "child = subprocess.Popen(['sleep', '60'])\n"
            "print('child', child.pid, flush=True)\n"
            "time.sleep(60)"
        )
        start = time.monotonic()
        result = run(environment, limit=2)
        assert time.monotonic() - start < 20
        assert only(result).code == "timed-out"
        child = int(result.output.split("child ")[1].split()[0])
        for _ in range(50):
            if not Path(f"/proc/{child}").exists() or "Z" in Path(f"/proc/{child}/stat").read_text().split()[2]:
                break
            time.sleep(0.1)
        else:
            pytest.fail("what the probe had started goes on")

    @pytest.mark.parametrize(
        ("message", "code", "words"),
        [
            (
                "libcublas.so.12: cannot open shared object file: No such file or directory",
                "missing-library",
                "libcublas.so.12",
            ),
            ("/lib/libm.so.6: version `GLIBC_2.38' not found (required by x)", "old-library", "GLIBC_2.38"),
            ("/lib/libstdc++.so.6: version `GLIBCXX_3.4.32' not found", "old-library", "GLIBCXX_3.4.32"),
            ("numpy.core.multiarray failed to import", "numpy-version", "numpy"),
            ("cannot import name 'runtime_version' from 'google.protobuf' (x)", "protobuf-version", "protobuf"),
            ("the moon is in the wrong place", "import-failed", "the moon is in the wrong place"),
        ],
    )
    def test_an_import_that_fails(self, environment: FakeEnvironment, message: str, code: str, words: str) -> None:
        environment.tensorflow(before=f"raise ImportError({message!r})")
        problem = only(run(environment))
        assert problem.code == code
        assert words in problem.message

    def test_old_libraries_of_ld_library_path(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before='raise ImportError("version `GLIBCXX_3.4.32\' not found")')
        problem = only(run(environment, variables={"LD_LIBRARY_PATH": "/opt/old"}))
        assert problem.remedy is not None
        assert "LD_LIBRARY_PATH" in problem.remedy.message


class TestComputing:
    def test_devices_that_cannot_be_listed(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(devices_code="raise RuntimeError('no platform')")
        assert only(run(environment)).code == "devices-failed"

    def test_a_computation_that_fails(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(fit_code="raise RuntimeError('out of something')")
        problem = only(run(environment))
        assert problem.code == "compute-failed"
        assert "out of something" in problem.message
