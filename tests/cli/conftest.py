"""Run commands in the test process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tfenv_lab.cli.app import TfenvApp

from ..tiny_channel import TinyChannel


class Shell:
    """A runner of commands with the tiny channel."""

    def __init__(self, channel: TinyChannel, capsys: pytest.CaptureFixture[str]) -> None:
        self._channel = f"--TfenvLab.channels={channel.url}"
        self._capsys = capsys

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command with the tiny channel. Return its exit status, standard output and standard error."""
        return self.run_exactly(*arguments, self._channel)

    def run_exactly(self, *arguments: str) -> tuple[int, str, str]:
        """Run a command with no other options than these."""
        app = TfenvApp()
        self._capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            app.initialize([*arguments])
            app.start()
        out, err = self._capsys.readouterr()
        return int(ended.value.code or 0), out, err

    def json(self, *arguments: str) -> Any:
        """Run a command, which must succeed, and return its JSON."""
        status, out, err = self.run(*arguments, "--json")
        assert status == 0, out + err
        return json.loads(out)


@pytest.fixture
def shell(tensorflow_channel: TinyChannel, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(tensorflow_channel, capsys)
