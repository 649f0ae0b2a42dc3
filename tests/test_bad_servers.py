"""Every request of ours to a server that answers badly ends, with an error that names the server.

The limits are shortened here. Waits that are much longer mean that a limit is not obeyed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tfenv_lab.conda.repodata import waiting
from tfenv_lab.conda.settings import busy, condarc
from tfenv_lab.plans import package_search
from tfenv_lab.pypi import fetching, index, resolving

from .bad_server import KINDS, BadServer
from .conftest import Api
from .tiny_tensorflow import PYTHON

#: Seconds after which a test counts the request as waiting for ever.
FOR_EVER = 60


@pytest.fixture(autouse=True)
def short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name, seconds in (
        (fetching, "PATIENCE", 1.0),
        (fetching, "LONGEST", 2.0),
        (index, "LONGEST", 3.0),
        (resolving, "TIMEOUT", 5),
        (package_search, "PATIENCE", 1.0),
    ):
        monkeypatch.setattr(module, name, seconds)
    monkeypatch.setenv("UV_HTTP_TIMEOUT", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")


@pytest.fixture(params=KINDS)
def bad(request: pytest.FixtureRequest) -> Iterator[BadServer]:
    server = BadServer(request.param)
    yield server
    server.end()


async def ended(answer: Awaitable[tuple[int, Any]]) -> tuple[int, Any]:
    return await asyncio.wait_for(answer, FOR_EVER)


def require_told(status: int, error: Any, bad: BadServer, *reasons: str) -> None:
    assert status in (502, 504, 409, 422), error
    assert error["reason"] in reasons, error
    assert (
        bad.url in error["message"]
        or urlsplit(bad.url).netloc in f"{error['message']} {error['hint']} {error['details']}"
    ), error
    assert bad.connections


class TestChannel:
    """The channel data of a channel."""

    @pytest.fixture(autouse=True)
    def short_limits_of_channels(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(waiting, "PATIENCE", 1.0)
        monkeypatch.setattr(waiting, "LONGEST", 5.0)

    @pytest.fixture
    def jp_server_config(self, bad: BadServer) -> dict[str, Any]:
        config = {"channels": [f"{bad.url}/channel"], "check_after_change": False}
        return {"ServerApp": {"jpserver_extensions": {"tfenv_lab": True}}, "TfenvLab": config}

    @pytest.mark.parametrize(
        "call",
        [
            ("POST", "plans", {"kind": "create", "name": "a", "tensorflow": "2.19.*", "python": PYTHON}),
            ("POST", "plans", {"kind": "import", "name": "a", "content": "dependencies: [python]\n"}),
            ("GET", "packages?query=numpy", None),
            ("GET", "tensorflow", None),
        ],
        ids=["create", "import", "search", "releases"],
    )
    async def test_a_request_ends(self, api: Api, bad: BadServer, call: tuple[str, str, Any]) -> None:
        status, error = await ended(api.call(*call))
        require_told(status, error, bad, "channel-unreachable")


class TestIndex:
    """A package index, and what is behind a URL."""

    @pytest.fixture(autouse=True)
    def configured(self, bad: BadServer, clean_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"{bad.url}/simple")
        monkeypatch.setenv("UV_CACHE_DIR", str(clean_home / "uv-cache"))

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"allow_url_requirements": True}

    @pytest.mark.parametrize("spec", ["pypi: wheely", "pypi: wheely==1.0"])
    async def test_an_install_ends(self, api: Api, made: Any, bad: BadServer, spec: str) -> None:
        request = {"kind": "install", "environment": made["id"], "specs": [spec]}
        status, error = await ended(api.call("POST", "plans", request))
        # uv does not say why it takes so long, so the hint names the index.
        require_told(status, error, bad, "index-unreachable", "solver-timeout")

    async def test_an_import_with_exact_files_ends(self, api: Api, bad: BadServer) -> None:
        lock = (
            'lock-version = "1.0"\ncreated-by = "x"\n'
            + f'requires-python = ">={PYTHON}"\n'
            + "".join(
                f'[[packages]]\nname = "p{number}"\nversion = "1"\n'
                f'wheels = [{{name = "p{number}-1-py3-none-any.whl", hashes = {{sha256 = "{number:064x}"}}}}]\n'
                for number in range(40)
            )
        )
        request = {"kind": "import", "name": "a", "content": lock}
        status, error = await ended(api.call("POST", "plans", request))
        require_told(status, error, bad, "index-unreachable")

    async def test_a_wheel_behind_a_url_ends(self, api: Api, made: Any, bad: BadServer) -> None:
        spec = f"pypi: wheely @ {bad.url}/wheely-1.0-py3-none-any.whl"
        request = {"kind": "install", "environment": made["id"], "specs": [spec]}
        status, error = await ended(api.call("POST", "plans", request))
        require_told(status, error, bad, "index-unreachable", "solver-timeout")

    async def test_a_search_ends_with_what_the_channels_have(self, api: Api, made: Any) -> None:
        status, found = await ended(api.call("GET", "packages?query=numpy"))
        assert status == 200
        assert [each["source"] for each in found["packages"]] == ["conda"]
        status, error = await ended(api.call("GET", "packages?query=no-such-name"))
        assert (status, error["reason"]) == (502, "index-unreachable")

    async def test_newer_versions_and_releases_end(self, api: Api, made: Any) -> None:
        for path in (f"environments/{made['id']}/newer-packages?names=numpy", "tensorflow"):
            status, _ = await ended(api.call("GET", path))
            assert status == 200

    async def test_no_connection_stays_open_and_others_do_not_wait(self, api: Api, made: Any, bad: BadServer) -> None:
        names = [f"name-{number}" for number in range(30)]
        searches = [asyncio.ensure_future(api.call("GET", f"packages?query=pypi:{name}")) for name in names]
        await asyncio.sleep(0.1)
        status, _ = await asyncio.wait_for(api.call("GET", "status"), FOR_EVER)
        assert status == 200
        assert {status for status, _ in await asyncio.wait_for(asyncio.gather(*searches), FOR_EVER)} == {502}
        deadline = time.monotonic() + FOR_EVER
        while bad.open:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)


def test_the_question_when_a_server_wants_to_be_asked_again_ends(
    bad: BadServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(busy, "PATIENCE", 1.0)
    assert busy.wait_of(f"{bad.url}/a.conda", condarc.CondaSettings((), (), ())) is None
    assert bad.connections
