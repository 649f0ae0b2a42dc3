"""Test that a check stays small and ends whatever the code of an environment writes."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.tensorflow.checks import check as module
from tfenv_lab.tensorflow.checks import lines

from .checking import only, run
from .fake_environment import FakeEnvironment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and paths are those of POSIX")

#: Writes a line into the file of results, whose name is the script's argument.
_FORGE = "open(sys.argv[1], 'a').write({line!r} + chr(10))"


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Provide the directory for temporary files, and a low limit for output."""
    monkeypatch.setattr(module, "LARGEST", 2_000_000)
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


class TestEndlessOutput:
    @pytest.mark.parametrize("text", ["'x' * 100_000", "'x\\n' * 50_000", "'\\0' * 100_000"])
    @pytest.mark.parametrize("stream", ["stdout", "stderr"])
    def test_a_module_that_prints_for_ever_is_stopped(
        self, environment: FakeEnvironment, temporary: Path, stream: str, text: str
    ) -> None:
        environment.tensorflow(before=f"while True: sys.{stream}.write({text})")
        result = run(environment)
        assert only(result).code == "endless-output"
        assert "while importing TensorFlow" in only(result).message
        assert len(result.output) <= module.OUTPUT
        assert list(temporary.iterdir()) == []

    def test_a_process_that_it_leaves_behind_does_not_delay_the_result(
        self, environment: FakeEnvironment, temporary: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(module, "PATIENCE", 0.1)
        code = "import subprocess; subprocess.Popen(['sleep', '20'], start_new_session=True)"
        environment.tensorflow(before=code)
        assert run(environment, limit=15).ok

    def test_the_end_of_long_output_is_kept(self, environment: FakeEnvironment, temporary: Path) -> None:
        environment.tensorflow(before="print('x' * 1_000_000); print('the end')")
        result = run(environment)
        assert result.ok
        assert result.output.endswith("the end\n")


class TestMalformedResults:
    @pytest.mark.parametrize(
        "line",
        ["", "{", "[]", "5", "null", '"begin"', "[" * 100_000, '{"stage": []}', '{"stage": "other"}', "{}", "\ud800"],
    )
    def test_a_line_that_is_not_the_probes_is_ignored(self, environment: FakeEnvironment, line: str) -> None:
        forged = _FORGE.format(line=line).replace("'a'", "'a', errors='replace'")
        environment.tensorflow(before=forged)
        assert run(environment).ok

    @pytest.mark.parametrize("begun", [5, [], {}, "other", True])
    def test_a_stage_that_does_not_exist_does_not_begin(self, environment: FakeEnvironment, begun: Any) -> None:
        environment.tensorflow(before=_FORGE.format(line=json.dumps({"begin": begun})))
        assert run(environment).ok

    @pytest.mark.parametrize("stage", ["interpreter", "distributions", "settings"])
    @pytest.mark.parametrize(
        "result",
        [
            {},
            {"found": 5, "version": 5},
            {"found": [5]},
            {"error": 5},
            {"error": {}},
            {"error": {"type": 1, "message": [], "traceback": None, "module": 5, "path": 5, "files": 5}},
            {"markers": [], "path": {}, "values": [], "variable": 7},
        ],
    )
    def test_a_result_of_another_type_is_no_unexpected_failure(
        self, environment: FakeEnvironment, stage: str, result: dict[str, Any]
    ) -> None:
        environment.tensorflow(before=_FORGE.format(line=json.dumps({"stage": stage, "seconds": 1, **result})))
        run(environment)

    def test_a_version_that_is_no_text_is_a_problem(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(version=5)  # type: ignore[arg-type]
        result = run(environment)
        assert not result.ok
        assert "cannot be read" in result.problems[0].message

    def test_only_the_beginning_of_a_huge_file_is_read(
        self, environment: FakeEnvironment, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(lines, "LARGEST", 100_000)
        environment.tensorflow(before="open(sys.argv[1], 'a').write('x' * 1_000_000)")
        assert [problem.code for problem in run(environment).problems] == ["exited"]

    def test_the_texts_of_an_error_have_a_limit(self, environment: FakeEnvironment) -> None:
        environment.tensorflow(before="raise ValueError('x' * 5_000_000)")
        assert len(only(run(environment)).details or "") <= 20_000
