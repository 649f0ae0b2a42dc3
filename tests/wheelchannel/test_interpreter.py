from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tfenv_lab.wheelchannel.interpreter import Interpreter, Unsuitable, candidates, probe

from .fake_python import facts, program


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
        ({"version": "3.9.20"}, "3.10"),
        ({"platform": "macosx-11.0-arm64"}, "macosx-11.0-arm64"),
        ({"stdlib": "/q/lib/python3.11"}, "standard library"),
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


def test_the_running_one_comes_first_then_those_on_the_search_path_of_pyenv_and_of_uv(
    tmp_path: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    for minor in ("3.10", "3.98", "3.9"):
        program(tmp_path / f"bin/python{minor}", facts(minor))
    program(tmp_path / "bin/python3.98-config", "#!/bin/sh\n")
    program(tmp_path / "broken/python3.12", "#!/bin/sh\nexit 127\n")  # like pyenv's, for versions that are not in use
    for version in ("3.12.3", "3.12.11"):
        program(tmp_path / f"pyenv/versions/{version}/bin/python3.12", facts("3.12", version=version))
    name = "cpython-3.99.2-linux-x86_64-gnu"
    program(tmp_path / f"uv/{name}/bin/python3.99", facts("3.99"))
    (tmp_path / "uv/cpython-3.99-linux-x86_64-gnu").symlink_to(name)
    monkeypatch.setenv("PATH", os.pathsep.join(str(tmp_path / name) for name in ("broken", "bin", "bin", "gone")))
    monkeypatch.setenv("PYENV_ROOT", str(tmp_path / "pyenv"))
    monkeypatch.setenv("UV_PYTHON_INSTALL_DIR", str(tmp_path / "uv"))
    found = candidates()
    assert found[0] == interpreter
    assert [each.version for each in found[1:]] == ["3.10.1", "3.98.1", "3.12.11", "3.12.3", "3.99.1"]


@pytest.mark.parametrize("variables", [{}, {"XDG_DATA_HOME": "shared"}])
def test_pythons_of_pyenv_and_uv_are_found_in_the_home_directory(
    clean_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]
) -> None:
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(tmp_path / value))
    monkeypatch.setenv("PATH", "")
    shared = tmp_path / "shared" if variables else clean_home / ".local/share"
    program(clean_home / ".pyenv/versions/3.98.1/bin/python3.98", facts("3.98"))
    program(shared / "uv/python/cpython-3.99.1/bin/python3.99", facts("3.99"))
    assert [each.minor for each in candidates()[1:]] == ["3.98", "3.99"]
