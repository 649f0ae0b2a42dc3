"""Test environments from a directory or a page of files (``find-links``), without any index."""

from __future__ import annotations

from pathlib import Path

import pytest

from .. import python_package
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .both_sources import by_name, packages

SECRET = "s3cr3t"


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    return python_package.fill(channel, tmp_path / "pip")


@pytest.mark.parametrize("place", ["directory", "page"])
async def test_packages_come_from_files_alone_and_no_password_is_kept(
    api: Api, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    simple_index.add("greet", "1.0", requires=["hello"])
    simple_index.add("hello", "1.2")
    simple_index.credentials = ("ada", SECRET)
    # The list of an index's page is also one of files.
    page = f"{simple_index.url_with_credentials}hello/ {simple_index.url_with_credentials}greet/"
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(simple_index.directory) if place == "directory" else page)
    request = {"kind": "create", "name": "new", "packages": ["pypi:greet"]}
    plan = await api.plan(**request)
    assert {"greet", "hello"} <= by_name(plan).keys()
    job = await api.apply(**request)
    assert job["state"] == "succeeded", job
    found = await packages(api, "new")
    assert (found["greet"], found["hello"]) == (("1.0", "pypi"), ("1.2", "pypi"))
    environment = await api.environment("new")
    written = [path for path in Path(environment["prefix"], "conda-meta").rglob("*") if path.is_file()]
    written += list(Path(environment["prefix"]).glob("lib/python*/site-packages/*.dist-info/*"))
    assert [path for path in written if SECRET in path.read_text("utf-8", "replace")] == []
    assert SECRET not in str((plan, job))
    _, log = await api.call("GET", f"jobs/{job['id']}/log")
    assert SECRET not in str(log)
    for format_ in ("pylock", "requirements", "pixi-lock", "environment-yml"):
        _, text = await api.call("GET", f"environments/{environment['id']}/export?format={format_}")
        assert SECRET not in str(text)


async def test_a_package_that_no_file_has_is_not_taken_from_an_index(
    api: Api, simple_index: SimpleIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple_index.add("greet", "1.0")
    (tmp_path / "wheels").mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("UV_DEFAULT_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", simple_index.url)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    status, answer = await api.call("POST", "plans", {"kind": "create", "name": "new", "packages": ["pypi:greet"]})
    assert (status, answer["reason"]) == (422, "unsatisfiable"), answer
    assert simple_index.requests == []
