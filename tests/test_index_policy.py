"""Test that what the administrator decides about package indexes holds for every request."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api
from .simple_index import SimpleIndex

CREATE = {"kind": "create", "name": "new", "python": None}


class TestStatus:
    """The status says which indexes are read."""

    async def test_it_lists_them_without_credentials(
        self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, api: Api
    ) -> None:
        simple_index.credentials = ("ada", "s3cret")
        monkeypatch.setenv("UV_DEFAULT_INDEX", f"{simple_index.url_with_credentials}?token=s3cret")
        monkeypatch.setenv("PIP_FIND_LINKS", f"{simple_index.directory} {tmp_path / 'gone'}")
        _, status = await api.call("GET", "status")
        assert status["indexes"] == [
            {"url": simple_index.directory.as_uri(), "flat": True},
            {"url": simple_index.url, "flat": False},
        ]
        gone = (tmp_path / "gone").as_uri()
        words = f"The package index {gone} is not read: the directory does not exist."
        assert words in [each["message"] for each in status["warnings"]]
        assert "s3cret" not in str(status)

    async def test_without_an_index_the_list_is_empty(self, api: Api) -> None:
        _, status = await api.call("GET", "status")
        assert status["indexes"] == []


class TestPythonIndex:
    """An index of the administrator's replaces the others."""

    @pytest.fixture
    def settings(self, simple_index: SimpleIndex, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
        monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
        monkeypatch.setenv("PIP_FIND_LINKS", "/srv")
        return {"python_index": simple_index.url}

    async def test_packages_come_from_it(self, simple_index: SimpleIndex, api: Api) -> None:
        simple_index.add("alpha", "1.0")
        _, status = await api.call("GET", "status")
        assert status["indexes"] == [{"url": simple_index.url, "flat": False}]
        plan = await api.plan(**CREATE, packages=["pypi:alpha"])
        assert ("alpha", "pypi") in [(entry["name"], entry["source"]) for entry in plan["entries"]]


class TestAllowedIndexes:
    """Only these indexes are read."""

    @pytest.fixture
    def settings(self, simple_index: SimpleIndex) -> dict[str, Any]:
        return {"allowed_indexes": ["https://repo.example.org/simple"]}

    async def test_another_one_is_not_read(self, simple_index: SimpleIndex, api: Api) -> None:
        simple_index.add("alpha", "1.0")
        _, status = await api.call("GET", "status")
        assert status["indexes"] == []
        words = f"The package index {simple_index.url} is not read: it is not among TfenvLab.allowed_indexes."
        assert words in [each["message"] for each in status["warnings"]]
        code, error = await api.call("POST", "plans", {**CREATE, "packages": ["pypi:alpha"]})
        assert (code, error["reason"]) == (422, "unsatisfiable")
        assert simple_index.requests == []

    async def test_a_requirement_cannot_name_another_place(self, simple_index: SimpleIndex, api: Api) -> None:
        url = simple_index.file_url(simple_index.add("alpha", "1.0"))
        code, error = await api.call("POST", "plans", {**CREATE, "packages": [f"pypi:alpha @ {url}"]})
        assert (code, error["reason"]) == (403, "index-not-allowed")
        assert error["message"] == f"The package index {url} is not allowed."


class TestUrlRequirements:
    """Requirements that name a URL can be forbidden."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"allow_url_requirements": False}

    @pytest.mark.parametrize(
        "place",
        ["https://ada:s3cret@host/alpha-1.0-py3-none-any.whl", "git+https://host/alpha@main", "file:///srv/alpha"],
    )
    async def test_they_are_refused(self, simple_index: SimpleIndex, api: Api, place: str) -> None:
        code, error = await api.call("POST", "plans", {**CREATE, "packages": [f"pypi:alpha @ {place}"]})
        assert (code, error["reason"]) == (403, "index-not-allowed")
        assert "s3cret" not in str(error)


class TestSourceBuilds:
    """Builds from source can be forbidden."""

    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"allow_source_builds": False}

    @pytest.mark.parametrize("kind", ["archive", "directory", "repository"])
    @pytest.mark.parametrize("consent", [False, True])
    async def test_the_source_at_a_url_is_refused(
        self, simple_index: SimpleIndex, api: Api, kind: str, consent: bool
    ) -> None:
        if kind == "repository" and shutil.which("git") is None:
            pytest.skip("needs git")
        packages = [f"pypi:rough @ {simple_index.source_url(kind)}"]
        code, error = await api.call("POST", "plans", {**CREATE, "packages": packages, "source_builds": consent})
        assert (code, error["reason"]) == (403, "index-not-allowed")
        assert "TfenvLab.allow_source_builds" in error["hint"]

    async def test_a_project_without_a_wheel_has_no_solution(self, simple_index: SimpleIndex, api: Api) -> None:
        simple_index.add_source("alpha", "1.0")
        code, error = await api.call("POST", "plans", {**CREATE, "packages": ["pypi:alpha"]})
        assert (code, error["reason"]) == (422, "unsatisfiable")
