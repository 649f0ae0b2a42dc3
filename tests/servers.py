"""Start real Jupyter servers in processes of their own, which tests can kill."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psutil

from .tiny_channel import TinyChannel

TOKEN = "a-token-of-this-test"
#: Modules in place of those that take long to import.
QUICK = Path(__file__).parent / "quick"


class Server:
    """A Jupyter server in a separate process, with a tiny channel. ``environ`` has more variables for it.

    With ``python`` it runs in another Python, with the variables in ``environ`` only, in the directory ``home``.
    """

    def __init__(
        self,
        channel: TinyChannel,
        environ: Mapping[str, str] | None = None,
        *,
        python: str | None = None,
        home: Path | None = None,
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._root = f"http://127.0.0.1:{port}/tfenv-lab"
        command = [python or sys.executable, "-m", "jupyter_server", f"--port={port}", "--ip=127.0.0.1", "--allow-root"]
        command += ["--ServerApp.jpserver_extensions={'tfenv_lab': True}", f"--IdentityProvider.token={TOKEN}"]
        command += [f"--TfenvLab.channels={channel.url}", "--TfenvLab.check_after_change=False"]
        variables = {**({} if python else os.environ), "PYTHONFAULTHANDLER": "1", **(environ or {})}
        if not python:
            variables["PYTHONPATH"] = os.pathsep.join(filter(None, (str(QUICK), variables.get("PYTHONPATH"))))
        handle, name = tempfile.mkstemp(prefix="server-", suffix=".log")
        self._log = Path(name)
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=handle,
            stderr=handle,
            start_new_session=True,
            env=variables,
            cwd=home,
        )
        os.close(handle)
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                self._ask("GET", "status")
                return
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.1)

    def log(self) -> str:
        """Return the end of what the server wrote, and its exit status if it has ended."""
        text = self._log.read_text(errors="replace")[-8000:] if self._log.exists() else ""
        return f"{text}\n(exit status: {self.process.poll()})"

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """Return the answer of a call, which must succeed."""
        status, answer = self.ask(method, path, body)
        assert status < 400, answer
        return answer

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Return the status and the answer of a call. Fails with the server's log if the server does not answer."""
        try:
            return self._ask(method, path, body)
        except OSError as error:
            raise AssertionError(f"{method} {path}: {error!r}\n{self.log()}") from error

    def _ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {TOKEN}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"{self._root}/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def apply(self, **request: Any) -> None:
        """Plan, apply and wait."""
        self.finish(self.call("POST", "jobs", {"plan": self.call("POST", "plans", request)["id"]}))

    def ended(self, job: Any) -> Any:
        """Wait until the server reports that a job has ended, and return it."""
        deadline = time.monotonic() + 60
        while not job["finished"]:
            assert time.monotonic() < deadline, job
            job = self.call("GET", f"jobs/{job['id']}")
        return job

    def finish(self, job: Any) -> None:
        """Wait until the server reports that a job has succeeded."""
        job = self.ended(job)
        assert job["state"] == "succeeded", job

    def names(self) -> list[str]:
        """Return the names of the environments."""
        return [one["name"] for one in self.call("GET", "environments")["environments"]]

    def environment(self, name: str) -> Any:
        """Return the environment with a name."""
        return next(one for one in self.call("GET", "environments")["environments"] if one["name"] == name)

    def kill(self, with_workers: bool = True) -> None:
        """Kill the server, and also its workers unless they must notice by themselves."""
        workers = psutil.Process(self.process.pid).children(recursive=True) if with_workers else []
        self.process.kill()
        for worker in workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                worker.kill()
        self.process.wait()
        self._log.unlink(missing_ok=True)
