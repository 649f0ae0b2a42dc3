from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tfenv_lab.errors import ChannelUnreachable, JobFailed, NoSpace
from tfenv_lab.wheelchannel.interpreter import Interpreter
from tfenv_lab.wheelchannel.pip import PipFailed, run


def configured(interpreter: Interpreter, variable: str) -> str:
    """Return the value of a setting of pip, run for ``interpreter``."""
    lines: list[str] = []
    run(interpreter, ["config", "list"], lines.append)
    return next((line.split("=", 1)[1].strip("'") for line in lines if line.startswith(variable)), "")


def test_the_users_configuration_holds(
    interpreter: Interpreter, clean_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    config = clean_home / ".config" / "pip" / "pip.conf"
    config.parent.mkdir(parents=True)
    config.write_text("[global]\nindex-url = https://mirror.example/simple\n")
    assert configured(interpreter, "global.index-url") == "https://mirror.example/simple"


def test_the_configuration_of_the_running_virtual_environment_holds(
    interpreter: Interpreter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_CONFIG_FILE", raising=False)
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://venv.example/simple\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert configured(interpreter, "global.index-url") == "https://venv.example/simple"


def test_a_failure_carries_pips_own_words(interpreter: Interpreter) -> None:
    with pytest.raises(PipFailed, match="unknown command") as error:
        run(interpreter, ["no-such-command"], print)
    failed = error.value.as_error("downloading wheels")
    assert isinstance(failed, JobFailed)
    assert failed.message.startswith("Downloading wheels failed: unknown command")
    assert failed.details == error.value.output


@pytest.mark.parametrize(
    ("output", "kind"),
    [
        ("WARNING: Retrying (Retry(total=4)) after connection broken\nERROR: No matching", ChannelUnreachable),
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", NoSpace),
    ],
)
def test_known_causes_are_named(output: str, kind: type[Exception]) -> None:
    assert isinstance(PipFailed(output).as_error("downloading wheels"), kind)
