"""A user who presses Ctrl-C reads one sentence, and finds every environment as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ..tiny_channel import TinyChannel

_CODE = "import sys; from tfenv_lab.cli.app import main; sys.argv[0] = 'jupyter-tfenv'; main()"


class _Silent(SimpleHTTPRequestHandler):
    """Serves a channel, but never answers a request for one of its files."""

    server: _Channel

    def do_GET(self) -> None:
        if self.server.silent in self.path:
            self.server.asked.set()
            self.server.ended.wait()
            return
        super().do_GET()

    def log_message(self, *_: object) -> None:
        pass


class _Channel(ThreadingHTTPServer):
    def __init__(self, root: Path) -> None:
        super().__init__(("127.0.0.1", 0), partial(_Silent, directory=str(root)))
        self.silent = ""
        self.asked, self.ended = threading.Event(), threading.Event()


@pytest.fixture
def channel(tmp_path: Path) -> Iterator[_Channel]:
    files = TinyChannel(tmp_path / "channel")
    files.add("python", "3.11.9", files={"bin/python3.11": ""})
    files.add("ipykernel", "6.29.5", depends=["python"])
    files.index()
    server = _Channel(files.root)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.ended.set()
    server.shutdown()
    thread.join()
    server.server_close()


def _interrupted(channel: _Channel, *arguments: str) -> tuple[int, str, str]:
    """Run a command, press Ctrl-C when it waits for the channel, and return how it ended and what it wrote."""
    option = f"--TfenvLab.channels=http://127.0.0.1:{channel.server_port}"
    # Ctrl-C reaches all processes of the terminal's session.
    with subprocess.Popen(
        [sys.executable, "-c", _CODE, *arguments, option],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command:
        assert channel.asked.wait(20)
        os.killpg(command.pid, signal.SIGINT)
        out, err = command.communicate(timeout=60)
    return command.returncode, out, err


@pytest.mark.parametrize("silent", ["repodata", "python-3.11.9"])
@pytest.mark.parametrize("json", [(), ("--json",)])
def test_an_interrupted_creation_leaves_nothing(
    channel: _Channel, clean_home: Path, silent: str, json: tuple[str, ...]
) -> None:
    channel.silent = silent
    status, _, err = _interrupted(channel, "create", "new", "--no-tensorflow", "python", *json)
    assert status == 130
    assert err == "You interrupted the command. An environment whose change was not finished is as it was before.\n"
    assert list((clean_home / ".conda").glob("envs/*")) == []


def test_an_interrupted_query_says_only_that(channel: _Channel, clean_home: Path) -> None:
    channel.silent = "repodata"
    assert _interrupted(channel, "search", "python") == (130, "", "You interrupted the command.\n")
    assert not (clean_home / ".conda/envs").exists()


def test_a_command_that_is_interrupted_while_it_is_loaded_has_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def load(_name: str) -> None:
        raise KeyboardInterrupt

    from tfenv_lab.cli import app

    monkeypatch.setattr(app, "command_class", load)
    with pytest.raises(SystemExit) as ended:
        app.main(["list"])
    assert (ended.value.code, *capsys.readouterr()) == (130, "", "You interrupted the command before it began.\n")
