"""Define fixtures for the tests of all parts."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import hypothesis
import pytest
from tornado.httpclient import HTTPClientError

from tfenv_lab.jobs.events import SCHEMA_ID

from .contract import check_answer, check_schema
from .simple_index import SimpleIndex
from .tiny_channel import TinyChannel
from .tiny_tensorflow import PYTHON, fill

# The same examples in every run: a failure is found again, and a run that takes longer is no failure.
hypothesis.settings.register_profile(
    "suite",
    database=None,
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture],
)
hypothesis.settings.load_profile("suite")

# A shell starts programs in the background without Ctrl-C. They, and the programs that the tests start, need it.
signal.signal(signal.SIGINT, signal.default_int_handler)

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture(autouse=True)
def clean_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Use an empty home directory, so that no test sees this machine's conda, pip, uv, Jupyter or caches.

    No package index is configured; the fixture ``simple_index`` configures one.
    """
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        ours = name.startswith(("CONDA", "MAMBA", "XDG_", "JUPYTER_", "RATTLER", "TFENV_LAB", "PIP_", "UV_"))
        if ours or name.endswith(("_proxy", "_PROXY")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    # pip reads no file if this names the null device.
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return home


@pytest.fixture
def simple_index(tmp_path: Path, clean_home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleIndex]:
    """Start an empty package index, and configure it as the only one of uv, with an empty cache."""
    index = SimpleIndex(tmp_path / "index")
    index.directory.mkdir()
    index.up()
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("UV_DEFAULT_INDEX", index.url)
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv-cache"))
    yield index
    if index.hold is not None:
        index.hold.set()
    index.down()


@pytest.fixture
def channel(tmp_path: Path) -> TinyChannel:
    """Make an empty channel for this platform; ``add`` packages to it, then ``index`` it."""
    return TinyChannel(tmp_path / "channel")


@pytest.fixture(scope="session")
def slice_dir() -> Path:
    """Return the directory with real conda-forge metadata that TFENV_SLICE names, or skip the test."""
    named = os.environ.get("TFENV_SLICE")
    if not named:
        pytest.skip("TFENV_SLICE does not name a slice of conda-forge's metadata")
    path = Path(named).resolve()
    assert (path / "noarch" / "repodata.json").is_file(), f"TFENV_SLICE: {path} holds no noarch/repodata.json"
    return path


@pytest.fixture
def jp_fetch(jp_fetch: Any) -> Any:
    """Fetch from the server, and fail if the REST contract does not describe the answer."""

    async def fetch(*parts: str, **fields: Any) -> Any:
        error = None
        try:
            response = await jp_fetch(*parts, **fields)
        except HTTPClientError as failed:
            if failed.response is None:
                raise
            error, response = failed, failed.response
        if parts[0] == "tfenv-lab":
            method, path = fields.get("method", "GET"), "/".join(parts[1:])
            check_answer(method, path, response.code, response.headers, response.body)
        if error is not None:
            raise error
        return response

    return fetch


class Api:
    """Client of the REST contract."""

    def __init__(self, fetch: Any, services: Any) -> None:
        self._fetch = fetch
        self.services = services
        #: Is set when the server publishes the end of a job.
        self.job_ended = asyncio.Event()

    async def call(self, method: str, path: str, body: Any = None, raw: str | None = None) -> tuple[int, Any]:
        """Return the status and parsed body of one call."""
        path, _, query = path.partition("?")
        text = raw if raw is not None else None if body is None else json.dumps(body)
        fields: dict[str, Any] = {"method": method, "params": dict(parse_qsl(query))}
        if method == "POST" or text is not None:
            fields["body"] = text or ""
        try:
            response = await self._fetch("tfenv-lab", *path.split("/"), **fields)
        except HTTPClientError as error:
            response = error.response
        content = response.body.decode()
        self.headers = response.headers
        return response.code, json.loads(content) if content[:1] in ("{", "[") else content

    async def plan(self, **request: Any) -> Any:
        """Make a plan, which must succeed, and return it."""
        status, plan = await self.call("POST", "plans", request)
        assert status == 201, plan
        return plan

    async def apply(self, **request: Any) -> Any:
        """Make a plan, apply it, and return the finished job."""
        plan = await self.plan(**request)
        status, job = await self.call("POST", "jobs", {"plan": plan["id"]})
        assert status == 202, job
        return await self.finished(job["id"])

    async def finished(self, job_id: str, seconds: float = 60) -> Any:
        """Wait for a job to end and return it."""
        for _ in range(int(seconds / 0.5)):
            self.job_ended.clear()
            _, job = await self.call("GET", f"jobs/{job_id}")
            if job["finished"]:
                return job
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self.job_ended.wait(), 0.5)
        raise AssertionError(f"the job did not end: {job}")

    async def environment(self, name: str) -> Any:
        """Return an environment by name, or None."""
        _, found = await self.call("GET", "environments")
        return next((item for item in found["environments"] if item["name"] == name), None)


@pytest.fixture(scope="session")
def filled_channel(tmp_path_factory: pytest.TempPathFactory) -> TinyChannel:
    """Make a channel with two releases of a stand-in for TensorFlow, for tests to copy."""
    return fill(TinyChannel(tmp_path_factory.mktemp("filled")))


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, filled_channel: TinyChannel) -> TinyChannel:
    """Make a channel with two releases of a stand-in for TensorFlow."""
    shutil.copytree(filled_channel.root, channel.root, dirs_exist_ok=True)
    return channel


@pytest.fixture
def settings() -> dict[str, Any]:
    """Return traits of TfenvLab in addition to the channel; a test module may override this fixture."""
    return {}


@pytest.fixture
def jp_server_config(tensorflow_channel: TinyChannel, settings: dict[str, Any]) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"tfenv_lab": True}},
        # A check after every create, and a worker after every plan, would only load the processor.
        "TfenvLab": {
            "channels": [tensorflow_channel.url],
            "check_after_change": False,
            "spare_worker": False,
            **settings,
        },
    }


@pytest.fixture
def api(
    jp_serverapp: Any, jp_fetch: Any, jp_asyncio_loop: asyncio.AbstractEventLoop, clean_home: Path
) -> Iterator[Api]:
    """Start a server with the extension in an empty home directory."""
    services = jp_asyncio_loop.run_until_complete(jp_serverapp.web_app.settings["tfenv_lab_services"].get())
    events: list[Any] = []
    client = Api(jp_fetch, services)

    async def listen(logger: Any, schema_id: str, data: Any) -> None:
        events.append(data)
        if data["finished"]:
            client.job_ended.set()

    jp_serverapp.event_logger.add_listener(schema_id=SCHEMA_ID, listener=listen)
    yield client
    jp_asyncio_loop.run_until_complete(services.stop())
    for event in events:
        check_schema("Job", event)


@pytest.fixture
def made(api: Api, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Any:
    """Create an environment “tf” with TensorFlow 2.19.1 and numpy 2.1."""

    async def make() -> Any:
        request = {"name": "tf", "tensorflow": "2.19.*", "python": PYTHON, "packages": ["numpy 2.1.*"]}
        job = await api.apply(kind="create", **request)
        assert job["state"] == "succeeded", job
        return await api.environment("tf")

    return jp_asyncio_loop.run_until_complete(make())


Mount = Callable[[Path, str], Path]


@pytest.fixture
def mount() -> Iterator[Mount]:
    """Return a function that mounts an empty file system of a given size (``1m``) at a path; needs root on Linux."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root on Linux can mount a file system")
    # If a test renames a directory, the mounts in it move too, so find them by name.
    name = f"tfenv-test-{secrets.token_hex(8)}"

    def mounted(place: Path, size: str) -> Path:
        place.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", name, str(place)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
        return place

    yield mounted
    for line in Path("/proc/mounts").read_text().splitlines():
        if line.startswith(f"{name} "):
            subprocess.run(["umount", "-l", line.split()[1]], check=True)


DeadMount = Callable[[Path], Path]


@pytest.fixture
def dead_mount() -> Iterator[DeadMount]:
    """Return a function that mounts a file system that never answers, like a network drive without its server.

    It needs root and FUSE.
    """
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("only root on Linux can mount a file system")
    try:
        # The process with this handle would have to answer the kernel, but none does.
        answers = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        pytest.skip(f"there is no FUSE here: {error}")
    libc = ctypes.CDLL(None, use_errno=True)
    places: list[Path] = []

    def mounted(place: Path) -> Path:
        place.mkdir()
        options = f"fd={answers},rootmode=40000,user_id=0,group_id=0".encode()
        if libc.mount(b"dead", os.fsencode(place), b"fuse", 0, options) != 0:
            pytest.skip(f"no file system can be mounted here: {os.strerror(ctypes.get_errno())}")
        places.append(place)
        return place

    yield mounted
    # Closing the handle ends every waiting read with an error.
    os.close(answers)
    for place in places:
        libc.umount2(os.fsencode(place), 2)
