from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tfenv_lab.errors import InvalidRequest
from tfenv_lab.wheelchannel.choice import first
from tfenv_lab.wheelchannel.interpreter import Interpreter, Unsuitable, candidates, probe
from tfenv_lab.wheelchannel.request import BuildRequest


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def facts(minor: str, **changed: object) -> str:
    """Return a program that answers the probe like an interpreter of a version."""
    told = {
        "base_executable": "SELF",
        "virtual": False,
        "prefix": "/p",
        "stdlib": f"/p/lib/python{minor}",
        "include": "/p/include",
        "version": f"{minor}.1",
        "implementation": "cpython",
        "flags": "",
        "platform": "linux-x86_64",
        "sites": [f"/lib/python{minor}/site-packages"],
        **changed,
    }
    return f"#!{sys.executable}\nimport json\nprint(json.dumps({told!r}).replace('SELF', __file__))\n"


def test_the_running_interpreter_is_known(interpreter: Interpreter) -> None:
    assert interpreter.version == ".".join(str(part) for part in sys.version_info[:3])
    assert interpreter.prefix == Path(sys.base_prefix).resolve()
    assert (interpreter.stdlib / "os.py").is_file()
    assert interpreter.tag == f"cp{sys.version_info[0]}{sys.version_info[1]}"


def test_a_virtual_environment_stands_for_its_base(tmp_path: Path, interpreter: Interpreter) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "venv")], check=True)
    assert probe(tmp_path / "venv/bin/python") == interpreter


def test_misleading_variables_have_no_effect(interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    assert probe(Path(sys.executable)) == interpreter


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"implementation": "pypy"}, "CPython"),
        ({"flags": "t"}, "CPython"),
        ({"version": "3.8.1"}, "3.9"),
        ({"platform": "macosx-11.0-arm64"}, "macosx-11.0-arm64"),
    ],
)
def test_what_cannot_be_packed_is_refused_with_its_reason(
    tmp_path: Path, changed: dict[str, object], reason: str
) -> None:
    with pytest.raises(Unsuitable, match=reason):
        probe(program(tmp_path / "python", facts("3.11", **changed)))


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho hello\n", "#!/no/such/interpreter\n"])
def test_a_program_that_is_not_an_interpreter_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unsuitable, match="does not start"):
        probe(program(tmp_path / "python", text))


def test_the_running_one_comes_first_then_others_by_version(
    tmp_path: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minor in ("3.10", "3.13", "3.12"):
        program(tmp_path / f"bin/python{minor}", facts(minor))
    program(tmp_path / "broken/python3.12", "#!/bin/sh\nexit 127\n")  # like pyenv's, for versions that are not in use
    for version in ("3.12.3", "3.12.11"):
        program(tmp_path / f"pyenv/versions/{version}/bin/python3.12", facts("3.12", version=version))
    monkeypatch.setenv("PATH", f"{tmp_path / 'broken'}{os.pathsep}{tmp_path / 'bin'}")
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    found = list(candidates(None))
    assert found[0] == interpreter
    assert [each.version for each in found[1:]] == ["3.12.1", "3.12.11", "3.12.3", "3.10.1", "3.13.1"]


def test_an_interpreter_that_is_named_is_the_only_one(tmp_path: Path, interpreter: Interpreter) -> None:
    assert list(candidates(Path(sys.executable))) == [interpreter]
    with pytest.raises(InvalidRequest, match="does not start"):
        first(BuildRequest(python=program(tmp_path / "python", "#!/bin/sh\nexit 1\n")))
