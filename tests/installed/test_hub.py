"""Under a JupyterHub, two users of the system work at the same time, and none reads or writes what the other has."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

from ..prefixes import make_prefix
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, fill
from .conftest import PYTHONS, Installation

#: Ids of users that no system has.
USERS = {"alice": 61001, "bob": 61002}
CONFIGURATION = """
import os
from jupyterhub.spawner import SimpleLocalProcessSpawner

USERS = {users}


class Spawner(SimpleLocalProcessSpawner):
    home_dir_template = "{folder}/homes/{{username}}"

    def make_preexec_fn(self, name):
        def become():
            os.setgroups([])
            os.setgid(USERS[name])
            os.setuid(USERS[name])
            os.umask(0o022)
            os.chdir(f"{folder}/homes/{{name}}")

        return become


c.JupyterHub.spawner_class = Spawner
c.Spawner.args = ["--TfenvLab.channels={channel}", "--TfenvLab.check_after_change=False"]
c.Spawner.environment = {{"CONDARC": "{folder}/condarc"}}
c.Spawner.http_timeout = c.Spawner.start_timeout = 120
c.JupyterHub.authenticator_class = "dummy"
c.Authenticator.allow_all = True
c.JupyterHub.bind_url = "http://127.0.0.1:{ports[0]}/science/"
c.JupyterHub.hub_port = {ports[1]}
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie-secret"
c.ConfigurableHTTPProxy.pid_file = "{folder}/proxy.pid"
c.ConfigurableHTTPProxy.command = ["{proxy}"]
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{ports[2]}"
"""


def public_python() -> str:
    """Return an interpreter that every user of the system can start, or skip the test."""
    for python in filter(None, (PYTHONS.get(PYTHON), shutil.which(f"python{PYTHON}", path=os.defpath))):
        parents = Path(python).resolve().parents
        if all(parent.stat().st_mode & stat.S_IXOTH for parent in parents):
            return str(python)
    pytest.skip(f"no CPython {PYTHON} of this machine can be started by other users")


def find_proxy(folder: Path) -> str:
    """Return the proxy of JupyterHub: that of the machine, or one that npm installs, or skip the test."""
    found = shutil.which("configurable-http-proxy")
    if found is None and shutil.which("npm"):
        command = ["npm", "install", "--silent", "--prefix", str(folder), "configurable-http-proxy"]
        with contextlib.suppress(subprocess.TimeoutExpired):
            subprocess.run(command, capture_output=True, timeout=120, check=False)
        found = shutil.which("configurable-http-proxy", path=str(folder / "node_modules" / ".bin"))
    if found is None:
        pytest.skip("configurable-http-proxy is not on PATH, and npm cannot install it")
    return found


class User:
    """A user in a browser: cookies, and Jupyter's token against forged requests."""

    def __init__(self, hub: str, name: str, home: Path) -> None:
        self.name, self.home = name, home
        self.session = requests.Session()
        self.session.trust_env = False
        self.base = f"{hub}user/{name}/"
        self.session.get(f"{hub}hub/login")
        form = {"username": name, "password": "x", "_xsrf": self.session.cookies.get("_xsrf", path="/science/hub/")}
        assert self.session.post(f"{hub}hub/login", data=form).status_code == 200
        self.session.get(f"{hub}hub/spawn/{name}")
        deadline = time.monotonic() + 180
        while self.session.get(f"{self.base}lab").url.partition("?")[0].rstrip("/") != f"{self.base}lab":
            assert time.monotonic() < deadline, "the server of the user did not start"
            time.sleep(0.5)

    def ask(self, method: str, path: str, body: Any = None, *, forged: bool = False) -> requests.Response:
        token = self.session.cookies.get("_xsrf", path=f"/science/user/{self.name}/") or ""
        headers = {} if forged else {"X-XSRFToken": token}
        return self.session.request(method, self.base + path, json=body, headers=headers, allow_redirects=False)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.ask(method, f"tfenv-lab/{path}", body)
        assert answer.status_code < 400, answer.text
        return answer.json()

    def apply(self, **request: Any) -> Any:
        job = self.call("POST", "jobs", {"plan": self.call("POST", "plans", request)["id"]})
        while not job["finished"]:
            time.sleep(0.1)
            job = self.call("GET", f"jobs/{job['id']}")
        assert job["state"] == "succeeded", job
        return job

    def environment(self, name: str) -> Any:
        return next(e for e in self.call("GET", "environments")["environments"] if e["name"].endswith(name))


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A directory that all users of the system can read; those of pytest and of ``TMPDIR`` may be private."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root can start the servers of two users")
    path = Path(tempfile.mkdtemp(prefix="tfenv-hub-", dir="/tmp"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def hub(folder: Path, wheel: Path) -> Iterator[str]:
    """Start a JupyterHub below a base URL, and return its address."""
    proxy = find_proxy(folder / "proxy")
    lab = f"tfenv_lab[lab] @ {wheel.as_uri()}"
    installation = Installation(folder / "hub", public_python(), lab, "jupyterhub")
    channel = fill(TinyChannel(folder / "channel"), python=str(installation.python))
    make_prefix(folder / "published" / "shared", ["pandas-2.2.0-py_0"], python=f"{PYTHON}.9")
    (folder / "condarc").write_text(f"envs_dirs: ['~/.conda/envs', '{folder}/published']\n")
    for name, uid in USERS.items():
        home = folder / "homes" / name
        home.mkdir(parents=True)
        os.chown(home, uid, uid)
    with contextlib.ExitStack() as probes:
        sockets = [probes.enter_context(socket.socket()) for _ in range(3)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        ports = [each.getsockname()[1] for each in sockets]
    (folder / "config.py").write_text(
        CONFIGURATION.format(users=USERS, folder=folder, channel=channel.url, proxy=proxy, ports=ports)
    )
    node = str(Path(shutil.which("node") or "").parent)
    variables = {**installation.variables, "PATH": f"{installation.variables['PATH']}:{node}"}
    with (folder / "hub.log").open("w") as log:
        process = subprocess.Popen(
            [str(installation.prefix / "bin" / "jupyterhub"), "-f", str(folder / "config.py")],
            env=variables, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    address = f"http://127.0.0.1:{ports[0]}/science/"
    try:
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(requests.RequestException):
                if requests.get(f"{address}hub/login", timeout=10).ok:
                    break
            assert process.poll() is None, (folder / "hub.log").read_text()[-3000:]
            assert time.monotonic() < deadline
            time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="module")
def users(hub: str, folder: Path) -> tuple[User, User]:
    """Let both users log in, and create an environment “mine” each, Alice's with a newer TensorFlow."""
    alice, bob = (User(hub, name, folder / "homes" / name) for name in USERS)
    alice.apply(kind="create", name="mine", tensorflow="2.20.*")
    bob.apply(kind="create", name="mine", tensorflow="2.19.*")
    return alice, bob


def test_each_user_has_environments_and_kernels_of_their_own(users: tuple[User, User]) -> None:
    for user, version in zip(users, ("2.20.0", "2.19.1"), strict=True):
        mine = user.environment("mine")
        assert (mine["tensorflow"]["version"], mine["prefix"]) == (version, str(user.home / ".conda/envs/mine"))
        kernels = user.ask("GET", "api/kernelspecs").json()["kernelspecs"]
        assert mine["kernel"]["name"] in kernels
        kernel = user.ask("POST", "api/kernels", {"name": mine["kernel"]["name"]})
        assert kernel.status_code == 201, kernel.text
        [running] = user.call("GET", f"environments/{mine['id']}/kernels")["kernels"]
        assert running["id"] == kernel.json()["id"]
        user.ask("DELETE", f"api/kernels/{running['id']}")


def test_a_forged_request_and_a_foreign_server_are_refused(users: tuple[User, User]) -> None:
    alice, bob = users
    request = {"kind": "create", "name": "forged", "packages": ["numpy"]}
    assert alice.ask("POST", "tfenv-lab/plans", request, forged=True).status_code == 403
    bob.base, own = alice.base, bob.base
    try:
        answer = bob.ask("GET", "tfenv-lab/environments")
        assert answer.status_code in (302, 403)
        assert bob.ask("POST", "tfenv-lab/plans", request).status_code == 403
    finally:
        bob.base = own


def test_events_tell_the_progress_of_a_job(users: tuple[User, User]) -> None:
    alice, _ = users

    async def states() -> list[str]:
        cookies = "; ".join(
            f"{c.name}={c.value}" for c in alice.session.cookies if alice.base.find(c.path.rstrip("/")) > 0
        )
        url = f"{alice.base}api/events/subscribe".replace("http:", "ws:")
        pipe = await websocket_connect(HTTPRequest(url, headers={"Cookie": cookies}))
        job = asyncio.create_task(asyncio.to_thread(alice.apply, kind="create", name="told", packages=["numpy"]))
        found: list[str] = []
        while "succeeded" not in found:
            message = await asyncio.wait_for(pipe.read_message(), 120)
            assert message is not None
            found.append(json.loads(message).get("state", ""))
        await job
        pipe.close()
        return found

    found = asyncio.run(states())
    assert "running" in found


def test_a_published_environment_is_listed_and_cannot_be_changed(users: tuple[User, User]) -> None:
    for user in users:
        shared = user.environment("shared")
        assert (shared["writable"], shared["protected"]) == (False, True)
        plan = {"kind": "install", "environment": shared["id"], "specs": ["numpy"]}
        answer = user.ask("POST", "tfenv-lab/plans", plan)
        assert (answer.status_code, answer.json()["reason"]) == (403, "protected")


def test_no_user_writes_or_reads_what_the_other_keeps(users: tuple[User, User], folder: Path) -> None:
    alice, bob = users
    assert "told" not in [e["name"] for e in bob.call("GET", "environments")["environments"]]
    temporary = [each for name in ("/tmp", "/dev/shm", "/var/tmp", "/run") for each in Path(name).glob("*")]
    others = [each for each in temporary if owner(each) == USERS["alice"]]
    places = [folder / "homes", *others]
    found = {*others, *(path for place in places for path in files_of(place, USERS["alice"]))}
    assert any(path.is_relative_to(alice.home / ".conda") for path in found)
    writable = [path for path in found if not path.is_symlink() and path.stat().st_mode & 0o022]
    assert writable == []
    # Environments and packages may be shared; what a user does is private, and so is all outside of the home.
    private = [path for path in found if "state" in path.parts or not path.is_relative_to(alice.home)]
    assert any("state" in path.parts for path in private)
    assert readable(private, USERS["bob"]) == []


def files_of(place: Path, uid: int) -> Iterator[Path]:
    for top, folders, files in os.walk(place):
        for name in [*folders, *files]:
            path = Path(top, name)
            if owner(path) == uid:
                yield path


def owner(path: Path) -> int | None:
    """Return the id of the owner of a file, or None if it is gone."""
    with contextlib.suppress(FileNotFoundError):
        return path.lstat().st_uid
    return None


def readable(paths: Iterable[Path], uid: int) -> list[str]:
    """Return the files that a user can read."""
    code = (
        "import json, os, stat, sys\n"
        f"os.setgroups([]); os.setgid({uid}); os.setuid({uid})\n"
        "for path in json.load(sys.stdin):\n"
        "    try:\n"
        "        if stat.S_ISREG(os.stat(path).st_mode) and open(path, 'rb'): print(path)\n"
        "    except OSError: pass\n"
    )
    text = json.dumps([str(path) for path in paths])
    done = subprocess.run([sys.executable, "-c", code], input=text, capture_output=True, text=True, check=True)
    return done.stdout.splitlines()
