"""Commands name the running kernels of an environment, of every Jupyter server of the user, and shut them down."""

from __future__ import annotations

import contextlib
import http.client
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_core.paths import jupyter_runtime_dir

from tfenv_lab.kernels.other_servers import RunningServer, running

from ..prefixes import make_prefix
from .conftest import Shell

KERNEL = "conda-env-tf-py"
#: How a server may listen: with a token, without one, and on a Unix socket.
WAYS = {
    "token": ["--IdentityProvider.token=secret"],
    "open": ["--IdentityProvider.token=", "--ServerApp.password="],
    "socket": ["--IdentityProvider.token=secret", "--ServerApp.sock={home}/s"],
}


@pytest.fixture(autouse=True)
def tf(clean_home: Path, shell: Shell) -> Path:
    """An environment that is registered as a kernel."""
    prefix = make_prefix(clean_home / ".conda" / "envs" / "tf", python="3.11.9", kernels=["python3"])
    shell.json("show", "tf")
    return prefix


@contextlib.contextmanager
def jupyter(root: Path, *options: str) -> Iterator[RunningServer]:
    """Run a plain Jupyter server, without this extension."""
    root.mkdir(parents=True, exist_ok=True)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "jupyter_server", "--allow-root", "--no-browser"]
    command += ["--ServerApp.jpserver_extensions={}", f"--ServerApp.root_dir={root}", *options]
    # A server refuses both a port and a socket.
    command += [] if any("sock=" in option for option in options) else [f"--ServerApp.port={port}"]
    null = subprocess.DEVNULL
    # Other extensions that are installed would only take time.
    environ = {**os.environ, "JUPYTER_NO_CONFIG": "1"}
    with subprocess.Popen(command, stdin=null, stdout=null, stderr=null, env=environ) as process:
        try:
            while not (found := [one for one in running() if one.root == str(root) and answers_to(one)]):
                assert process.poll() is None
                time.sleep(0.1)
            yield found[0]
        finally:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(20)
            process.kill()


def answers_to(server: RunningServer) -> bool:
    """Return whether a server answers, which writes its file before it listens."""
    with contextlib.suppress(OSError, http.client.HTTPException):
        return bool(server.ask("GET", "kernels") == [])
    return False


def start(server: RunningServer, path: str | None, kernel: str = KERNEL) -> None:
    """Start a kernel of the environment, for a notebook if there is a path."""
    body: Any = {"name": kernel}
    if path is not None:
        body = {"path": path, "type": "notebook", "name": "", "kernel": body}
    kind = "kernels" if path is None else "sessions"
    headers = {"Authorization": f"token {server.token}", "Cookie": "_xsrf=x", "X-XSRFToken": "x"}
    connection = http.client.HTTPConnection(server.host, server.port, timeout=60)
    if server.socket:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(server.socket)
    with contextlib.closing(connection):
        connection.request("POST", f"{server.base}api/{kind}", json.dumps(body), headers)
        assert connection.getresponse().status == 201


@pytest.fixture(params=WAYS)
def notebook(request: pytest.FixtureRequest, clean_home: Path) -> Iterator[Path]:
    """A notebook whose kernel runs in the environment."""
    root = clean_home / "work"
    with jupyter(root, *(option.format(home=clean_home) for option in WAYS[request.param])) as server:
        start(server, "model.ipynb")
        yield root / "model.ipynb"


def kernels() -> list[Any]:
    return [kernel for server in running() for kernel in server.ask("GET", "kernels")]


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that lets a user on a terminal answer."""

    def give(*texts: str) -> None:
        terminal = io.StringIO("".join(f"{text}\n" for text in texts))
        monkeypatch.setattr(terminal, "isatty", lambda: True)
        monkeypatch.setattr(sys, "stdin", terminal)

    return give


def test_a_deletion_shuts_the_kernels_down(shell: Shell, tf: Path, notebook: Path) -> None:
    dry = shell.json("remove", "tf", "--dry-run")
    assert (dry["used_by"], len(kernels())) == ([str(notebook)], 1)
    status, _, err = shell.run("remove", "tf", "--shutdown-kernels", "-y")
    assert (status, "The kernel was shut down." in err, kernels(), tf.exists()) == (0, True, [], False)


class TestTheQuestion:
    @pytest.fixture
    def notebook(self, clean_home: Path) -> Iterator[Path]:
        with jupyter(clean_home / "work", *WAYS["token"]) as server:
            start(server, "model.ipynb")
            yield clean_home / "work" / "model.ipynb"

    def test_a_script_is_not_asked_and_keeps_the_kernels(self, shell: Shell, tf: Path, notebook: Path) -> None:
        status, _, err = shell.run("remove", "tf", "-y")
        assert (status, str(notebook) in err, "--shutdown-kernels" in err, tf.exists()) == (0, True, True, False)
        assert len(kernels()) == 1

    @pytest.mark.parametrize(("answer", "left"), [("", 0), ("n", 1)])
    def test_a_user_is_asked(
        self, shell: Shell, notebook: Path, answers: Callable[..., None], answer: str, left: int
    ) -> None:
        answers("y", answer)
        status, out, err = shell.run("remove", "tf")
        assert (status, str(notebook) in err, "Shut down this kernel first?" in out) == (0, True, True)
        assert len(kernels()) == left

    def test_only_the_kernels_of_the_environment_end_and_only_with_its_change(
        self, shell: Shell, tf: Path, notebook: Path, answers: Callable[..., None]
    ) -> None:
        make_prefix(tf.parent / "other", python="3.11.9", kernels=["python3"])
        assert shell.run("remove", "other", "--shutdown-kernels", "-y")[0] == 0
        answers("n")
        assert shell.run("remove", "tf", "--shutdown-kernels")[0] == 1
        assert (tf.exists(), len(kernels())) == (True, 1)
        start(running()[0], None)
        found = shell.json("remove", "tf", "--dry-run")["used_by"]
        assert found == [str(notebook), f"a kernel without a notebook: {KERNEL}"]
        assert shell.run("remove", "tf", "-y", "--shutdown-kernels")[0] == 0
        assert (tf.exists(), kernels()) == (False, [])


class TestAServerThatDoesNotAnswer:
    def described(self, port: int, name: str = "jpserver-1.json") -> None:
        """Write what a running server writes, of this process, which runs."""
        runtime = Path(jupyter_runtime_dir())
        runtime.mkdir(parents=True, exist_ok=True)
        info = {
            "pid": os.getpid(),
            "port": port,
            "hostname": "127.0.0.1",
            "base_url": "/",
            "token": "",
            "root_dir": "/",
        }
        (runtime / name).write_text(json.dumps(info))

    def test_it_is_left_out(self, shell: Shell, tf: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.described(silent.getsockname()[1])
            with socket.create_server(("127.0.0.1", 0)) as closed:
                self.described(closed.getsockname()[1], "jpserver-2.json")
            assert shell.json("remove", "tf", "--dry-run")["used_by"] == []
            assert shell.run("remove", "tf", "-y")[0] == 0

    @pytest.mark.parametrize(
        "text",
        ['{"pid": %d, "port": "x"}', "{", "[]", "null", '{"port": 1}', '{"pid": "x"}', f'{{"pid": {10**30}}}', "\xff"],
    )
    def test_a_file_that_describes_no_server(self, text: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            self.described(silent.getsockname()[1], "jpserver-2.json")
            content = text.replace("%d", str(os.getpid())).encode("latin-1")
            Path(jupyter_runtime_dir(), "jpserver-1.json").write_bytes(content)
            assert [one.port for one in running()] == [silent.getsockname()[1]]

    def test_the_file_of_a_server_that_was_killed(self) -> None:
        self.described(1)
        ended = subprocess.Popen([sys.executable, "-c", ""])
        ended.wait()
        path = Path(jupyter_runtime_dir(), "jpserver-1.json")
        path.write_text(json.dumps({**json.loads(path.read_text()), "pid": ended.pid}))
        assert running() == []

    def test_the_runtime_directory_is_no_directory(self) -> None:
        runtime = Path(jupyter_runtime_dir())
        runtime.parent.mkdir(parents=True, exist_ok=True)
        runtime.write_text("")
        assert running() == []


def test_a_rename_offers_it_and_an_update_names_the_notebooks(
    shell: Shell, clean_home: Path, answers: Callable[..., None]
) -> None:
    shell.json("create", "real", "--tensorflow=2.19.*")
    # The tiny environment has a kernel, but no program that runs it.
    python = clean_home / ".conda/envs/real/bin/python"
    python.unlink(missing_ok=True)
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    with jupyter(clean_home / "work", *WAYS["token"]) as server:
        start(server, "model.ipynb", "conda-env-real-py")
        plan = shell.json("update", "real", "tensorflow", "--dry-run")
        assert any(str(clean_home / "work/model.ipynb") in warning["message"] for warning in plan["warnings"])
        answers("y", "y")
        status, out, _ = shell.run("rename", "real", "renamed")
        assert (status, "Shut down this kernel first?" in out, kernels()) == (0, True, [])
        [renamed] = (one for one in shell.json("list")["environments"] if one["name"] == "renamed")
        assert renamed["former_kernels"] == ["conda-env-real-py"]
