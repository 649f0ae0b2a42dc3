"""The tools that are servers: each method is some calls over HTTP, and returns when the job of the calls is done."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil

from ..measure import Skipped
from . import installations
from .channels import Contents
from .tools import LIMIT, Failed, Tool

#: Seconds between two questions whether a job has ended.
POLL = 0.01


class Server(Tool):
    """A Jupyter server with an extension, and its REST endpoints.

    ``extended`` is False for a server without the extension. ``seconds`` is the time until it answers.
    """

    #: Whose server is started, what it is, the module of the extension, and the prefix of its endpoints.
    python: str = sys.executable
    program: Sequence[str] = ("-m", "jupyter_server")
    extension: str
    endpoints: str
    #: A path that answers when the extension is ready.
    first: str
    #: More variables of the server.
    variables: Mapping[str, str] = {}

    def __init__(self, home: Path, contents: Contents, extended: bool = True) -> None:
        super().__init__(home, contents)
        self.environ |= self.variables
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self.token = secrets.token_hex()
        self.url = f"http://127.0.0.1:{port}/{self.endpoints}/"
        start = time.perf_counter()
        with (home / "server.log").open("w") as log:
            self._process = subprocess.Popen(
                [
                    self.python, *self.program, "--no-browser", "--allow-root", f"--ServerApp.port={port}",
                    f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={home}",
                    f"--ServerApp.jpserver_extensions={self.extension}={extended}",
                ],
                env=self.environ, cwd=home, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip
        self._wait_for("/api", 0.005)
        self.seconds = time.perf_counter() - start
        if extended:
            self._wait_for(self.first, 0.1)

    def _wait_for(self, path: str, pause: float) -> None:
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError, Failed):
                self.call("GET", path)
                return
            if time.monotonic() > end or self._process.poll() is not None:
                self.close()
                raise Skipped(f"the server of {self.name} does not answer")
            time.sleep(pause)

    def megabytes(self) -> float:
        """Return the memory that belongs to the server's process alone, without what it maps from files."""
        return float(psutil.Process(self._process.pid).memory_full_info().uss) / 1e6

    def processor(self) -> float:
        """Return the processor seconds that the server has used."""
        used = psutil.Process(self._process.pid).cpu_times()
        return float(used.user + used.system)

    def close(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def answer(self, method: str, path: str, body: Any = None) -> tuple[int, Any, str]:
        """Return the status, the parsed body and the location of an answer. Raises Failed for an error."""
        request = urllib.request.Request(
            urllib.parse.urljoin(self.url, path),
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self.token}", "Content-Type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=LIMIT) as response:
                text, location = response.read().decode(), response.headers.get("Location", "")
                status = response.status
        except urllib.error.HTTPError as error:
            raise Failed(f"{method} {path}: {error.code} {error.read().decode()[:2000]}") from None
        return status, json.loads(text) if text[:1] in ("{", "[") else text, location

    def call(self, method: str, path: str, body: Any = None) -> Any:
        return self.answer(method, path, body)[1]


class Rest(Server):
    """tfenv_lab's REST endpoints, as the panel uses them."""

    name, extension, endpoints, first = "tfenv_lab REST", "tfenv_lab", "tfenv-lab", "environments"

    def _apply(self, **request: Any) -> None:
        plan = self.call("POST", "plans", request)
        self._finish(self.call("POST", "jobs", {"plan": plan["id"]}))

    def _finish(self, job: Any) -> None:
        while not job["finished"]:
            time.sleep(POLL)
            job = self.call("GET", f"jobs/{job['id']}")
        if job["state"] != "succeeded":
            raise Failed(job["message"])

    def identify(self, name: str) -> str:
        """Return the id of an environment."""
        found = self.call("GET", "environments")["environments"]
        return str(next(each["id"] for each in found if each["name"] == name))

    def create(self, name: str, specs: Sequence[str]) -> None:
        self._apply(kind="create", name=name, packages=list(specs))

    def plan(self, name: str, specs: Sequence[str]) -> None:
        self.call("POST", "plans", {"kind": "create", "name": name, "packages": list(specs)})

    def update(self, name: str, specs: Sequence[str]) -> None:
        self._apply(kind="install", environment=self.identify(name), specs=list(specs))

    def revert(self, name: str) -> None:
        self._apply(kind="revert", environment=self.identify(name), revision=0)

    def clone(self, source: str, name: str) -> None:
        self._apply(kind="clone", environment=self.identify(source), name=name)

    def remove(self, name: str) -> None:
        self._finish(self.call("DELETE", f"environments/{self.identify(name)}?at_once=true"))

    def list(self) -> None:
        self.call("GET", "environments")

    def versions(self) -> None:
        self.call("GET", "tensorflow")

    def search(self) -> None:
        self.call("GET", f"packages?query={self.contents.query}")

    def export(self, name: str) -> str:
        return str(self.call("GET", f"environments/{self.identify(name)}/export?format=explicit"))

    def import_lock(self, name: str, lock: Path) -> None:
        self._apply(kind="import", name=name, content=lock.read_text())

    def show_kernel(self, name: str) -> None:
        """Wait until the server offers the kernel of an environment."""
        while not any(
            str(self.envs / name) in json.dumps(each)
            for each in self.call("GET", "/api/kernelspecs")["kernelspecs"].values()
        ):
            time.sleep(POLL)


class Gator(Server):
    """The REST endpoints of mamba-gator, which run conda."""

    name, extension, endpoints, first = "mamba-gator REST", "mamba_gator", "conda", "channels"

    def __init__(self, home: Path, contents: Contents, extended: bool = True) -> None:
        self.variables = {"CONDA_EXE": str(installations.conda()), "PYTHONPATH": ""}
        self.python = str(installations.gator())
        super().__init__(home, contents, extended)

    @property
    def version(self) -> str:
        code = "from importlib.metadata import version; print(version('mamba_gator'))"
        return self._run(self.python, "-c", code).strip()

    def _task(self, method: str, path: str, body: Any = None) -> None:
        _, _, location = self.answer(method, path, body)
        task = location.rpartition("/conda/")[2]
        while self.answer("GET", task)[0] == 202:
            time.sleep(POLL)

    def create(self, name: str, specs: Sequence[str]) -> None:
        self._task("POST", "environments", {"name": name, "packages": list(specs)})

    def update(self, name: str, specs: Sequence[str]) -> None:
        self._task("POST", f"environments/{name}/packages", {"packages": list(specs)})

    def clone(self, source: str, name: str) -> None:
        self._task("POST", "environments", {"name": name, "twin": source})

    def remove(self, name: str) -> None:
        self._task("DELETE", f"environments/{name}")

    def list(self) -> None:
        self.call("GET", "environments")

    def versions(self) -> None:
        self._task("GET", f"packages?query={self.contents.package}")

    def search(self) -> None:
        self._task("GET", f"packages?query=*{self.contents.query}*")
