"""The tools that are compared. Each method is one piece of work, and returns when it is done."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
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

from ..measure import Skipped
from .channels import Contents

#: Seconds between two questions whether a job has ended.
POLL = 0.01
#: Maximum seconds of one piece of work.
LIMIT = 900


class Failed(Exception):
    """A piece of work that a tool could not do; the message says why."""


class Tool:
    """A tool in an empty home directory."""

    name: str

    def __init__(self, home: Path, contents: Contents) -> None:
        self.home, self.contents = home, contents
        self.envs, self.packages = home / "envs", home / "pkgs"
        self.envs.mkdir(parents=True)
        self.packages.mkdir()
        lines = [f"channels: ['{contents.url}']", f"envs_dirs: ['{self.envs}']", f"pkgs_dirs: ['{self.packages}']"]
        (home / ".condarc").write_text("\n".join([*lines, "solver: rattler", "notify_outdated_conda: false", ""]))
        (home / ".jupyter").mkdir()
        settings = {"channels": [contents.url], "check_after_change": False, "undo_minutes": 0}
        (home / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps({"TfenvLab": settings}))
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "PYTHONPATH")}
        self.environ = {**kept, "HOME": str(home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}

    def close(self) -> None:
        """End what the tool started."""

    def forget_packages(self) -> None:
        """Empty the caches of the tool."""
        for folder in (self.packages, self.home / ".cache"):
            shutil.rmtree(folder, ignore_errors=True)
        self.packages.mkdir()

    def _run(self, *command: str | Path) -> str:
        done = subprocess.run(
            [str(each) for each in command],
            env=self.environ, cwd=self.home, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout)[-2000:]}")
        return done.stdout


class Conda(Tool):
    """conda, one process for each piece of work."""

    name = "conda"

    def __init__(self, home: Path, contents: Contents) -> None:
        super().__init__(home, contents)
        self._program = os.environ.get("TFENV_CONDA", "")
        if not self._program:
            raise Skipped("TFENV_CONDA does not name conda")

    @property
    def version(self) -> str:
        return self._run(self._program, "--version").split()[-1]

    def create(self, name: str, specs: Sequence[str]) -> None:
        self._run(self._program, "create", "-yqn", name, *specs)

    def plan(self, name: str, specs: Sequence[str]) -> None:
        self._run(self._program, "create", "-yqdn", name, *specs)

    def update(self, name: str, specs: Sequence[str]) -> None:
        self._run(self._program, "install", "-yqn", name, *specs)

    def revert(self, name: str) -> None:
        self._run(self._program, "install", "-yqn", name, "--revision", "0")

    def clone(self, source: str, name: str) -> None:
        self._run(self._program, "create", "-yqn", name, "--clone", source)

    def remove(self, name: str) -> None:
        self._run(self._program, "env", "remove", "-yqn", name)

    def list(self) -> None:
        self._run(self._program, "env", "list")

    def versions(self) -> None:
        self._run(self._program, "search", self.contents.package)

    def search(self) -> None:
        self._run(self._program, "search", f"*{self.contents.query}*")

    def export(self, name: str) -> str:
        return self._run(self._program, "list", "--explicit", "-n", name)

    def import_lock(self, name: str, lock: Path) -> None:
        self._run(self._program, "create", "-yqn", name, "--file", lock)


class CommandLine(Tool):
    """tfenv_lab's command line, one process for each piece of work."""

    name = "tfenv_lab CLI"

    def _tfenv(self, *arguments: str | Path) -> str:
        return self._run(Path(sys.executable).with_name("jupyter-tfenv"), *arguments)

    def create(self, name: str, specs: Sequence[str]) -> None:
        self._tfenv("create", name, "--no-tensorflow", *specs)

    def plan(self, name: str, specs: Sequence[str]) -> None:
        self._tfenv("create", name, "--no-tensorflow", "--dry-run", *specs)

    def update(self, name: str, specs: Sequence[str]) -> None:
        self._tfenv("install", name, *specs)

    def revert(self, name: str) -> None:
        self._tfenv("revert", name, "0")

    def clone(self, source: str, name: str) -> None:
        self._tfenv("clone", source, name)

    def remove(self, name: str) -> None:
        self._tfenv("remove", name, "-y")

    def list(self) -> None:
        self._tfenv("list")

    def versions(self) -> None:
        self._tfenv("versions")

    def search(self) -> None:
        self._tfenv("search", self.contents.query)

    def export(self, name: str) -> str:
        return self._tfenv("export", name, "--format=explicit")

    def import_lock(self, name: str, lock: Path) -> None:
        self._tfenv("import", lock, name)


class Server(Tool):
    """A Jupyter server with an extension, and its REST endpoints."""

    #: Whose server is started, and the prefix of the endpoints.
    python: str = sys.executable
    endpoints: str
    #: A path that answers when the extension is ready.
    first: str
    #: More variables of the server.
    variables: Mapping[str, str] = {}

    def __init__(self, home: Path, contents: Contents) -> None:
        super().__init__(home, contents)
        self.environ |= self.variables
        with socket.socket() as found:
            found.bind(("127.0.0.1", 0))
            port = found.getsockname()[1]
        self._token = secrets.token_hex()
        self._url = f"http://127.0.0.1:{port}/{self.endpoints}/"
        log = (home / "server.log").open("w")
        self._process = subprocess.Popen(
            [
                self.python, "-m", "jupyter_server", "--no-browser", "--allow-root", f"--ServerApp.port={port}",
                f"--IdentityProvider.token={self._token}", f"--ServerApp.root_dir={home}",
            ],
            env=self.environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log,
            start_new_session=True,
        )  # fmt: skip
        end = time.monotonic() + 120
        while True:
            with contextlib.suppress(OSError, Failed):
                self.call("GET", self.first)
                return
            if time.monotonic() > end or self._process.poll() is not None:
                raise Skipped(f"the server of {self.name} does not answer")
            time.sleep(0.1)

    def close(self) -> None:
        os.killpg(self._process.pid, signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def answer(self, method: str, path: str, body: Any = None) -> tuple[int, Any, str]:
        """Return the status, the parsed body and the location of an answer. Raises Failed for an error."""
        request = urllib.request.Request(
            urllib.parse.urljoin(self._url, path),
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"token {self._token}", "Content-Type": "application/json"},
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

    name, endpoints, first = "tfenv_lab REST", "tfenv-lab", "environments"

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


class Gator(Server):
    """The REST endpoints of mamba-gator, which run conda."""

    name, endpoints, first = "mamba-gator REST", "conda", "channels"

    def __init__(self, home: Path, contents: Contents) -> None:
        self.python = os.environ.get("TFENV_GATOR", "")
        if not self.python or "TFENV_CONDA" not in os.environ:
            raise Skipped("TFENV_GATOR does not name a Python with mamba_gator, or TFENV_CONDA no conda")
        self.variables = {"CONDA_EXE": os.environ["TFENV_CONDA"], "PYTHONPATH": ""}
        super().__init__(home, contents)

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

    def search(self) -> None:
        self._task("GET", f"packages?query={self.contents.query}")
