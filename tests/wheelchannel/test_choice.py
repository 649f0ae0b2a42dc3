"""Choose an interpreter with the real pip and a directory of tiny wheels."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tfenv_lab.errors import ChannelUnreachable, JobFailed
from tfenv_lab.wheelchannel import choice
from tfenv_lab.wheelchannel.choice import choose
from tfenv_lab.wheelchannel.interpreter import Interpreter
from tfenv_lab.wheelchannel.pip import PipFailed
from tfenv_lab.wheelchannel.request import BuildProgress, BuildRequest
from tfenv_lab.wheelchannel.resolve import Resolution

from .tiny_wheel import make_wheel


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An index with the packages of every channel, but without TensorFlow."""
    for name in list(os.environ):
        if name.startswith("PIP_"):
            monkeypatch.delenv(name)
    directory = tmp_path / "index"
    for name in ("pip", "ipykernel", "keras"):
        make_wheel(directory, name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(directory))
    return directory


def names(resolution: Resolution) -> list[str]:
    return sorted(wheel.filename.split("-")[0] for wheel in resolution.wheels)


def test_the_newest_patch_of_a_release_is_taken(index: Path, tmp_path: Path, interpreter: Interpreter) -> None:
    for version in ("2.19.0", "2.19.2", "2.20.0"):
        make_wheel(index, "tensorflow-cpu", version, tag=f"{interpreter.tag}-none-any", requires=["keras"])
    chosen, (resolution,) = choose(BuildRequest(("2.19",), python=interpreter.executable), tmp_path, print)
    assert chosen == interpreter
    assert names(resolution) == ["ipykernel", "keras", "pip", "tensorflow_cpu"]
    (wheel,) = [wheel for wheel in resolution.wheels if wheel.name.startswith("tensorflow")]
    assert wheel.filename.startswith("tensorflow_cpu-2.19.2-")
    assert wheel.local == index / wheel.filename
    assert wheel.requires == ("keras",)
    assert resolution.environment["python_version"] == interpreter.minor


def test_settings_for_installing_do_not_disturb_a_build(
    index: Path, tmp_path: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_wheel(index, "tensorflow-cpu", "2.19.0", tag=f"{interpreter.tag}-none-any")
    monkeypatch.setenv("PIP_REQUIRE_VIRTUALENV", "1")
    monkeypatch.setenv("PIP_USER", "1")
    _, (resolution,) = choose(BuildRequest(("2.19",), python=interpreter.executable), tmp_path, print)
    assert len(resolution.wheels) == 4


def test_an_interpreter_without_wheels_is_skipped(
    index: Path, tmp_path: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first interpreter has wheels of only one release, so the second is tried."""
    make_wheel(index, "tensorflow-cpu", "2.19.0", tag=f"{interpreter.tag}-none-any")
    other = replace(interpreter, version="3.99.0")
    same = replace(interpreter, version=f"{interpreter.minor}.99")
    monkeypatch.setattr(choice, "candidates", lambda explicit: iter([interpreter, same, other]))
    steps: list[BuildProgress] = []
    with pytest.raises(JobFailed) as error:
        choose(BuildRequest(("2.19", "2.20")), tmp_path, steps.append)
    assert error.value.message == "No Python on this machine has wheels of TensorFlow 2.19 and 2.20."
    assert error.value.hint == "Install another Python, or name one with --python."
    assert error.value.details == "\n".join(
        f"{each}: the package index has no TensorFlow 2.20 for it" for each in (interpreter, other)
    )


def test_a_conflict_is_reported_in_the_words_of_pip(index: Path, tmp_path: Path, interpreter: Interpreter) -> None:
    make_wheel(index, "tensorflow-cpu", "2.19.0", tag=f"{interpreter.tag}-none-any", requires=["keras>=5"])
    with pytest.raises(JobFailed, match=r"^Resolving TensorFlow 2\.19 failed: Cannot install keras") as error:
        choose(BuildRequest(("2.19",), python=interpreter.executable), tmp_path, print)
    assert "depends on keras>=5" in (error.value.details or "")


def test_the_error_says_that_the_index_does_not_answer(
    index: Path, tmp_path: Path, interpreter: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ChannelUnreachable, match="package index did not answer"):
        choose(BuildRequest(("2.19",), python=interpreter.executable), tmp_path, print)


def test_a_failure_without_output_still_has_a_message() -> None:
    assert str(PipFailed("")) == "pip failed"
