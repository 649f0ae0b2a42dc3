"""conda's pins apply to every plan, and an error names a pin that prevents a solution."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api


def _pin(made: Any, text: str) -> None:
    (Path(made["prefix"]) / "conda-meta/pinned").write_text(text)


async def test_an_update_does_not_move_pinned_packages(api: Api, made: Any) -> None:
    request = {"kind": "update", "environment": made["id"], "packages": ["tensorflow"]}
    assert (await api.plan(**request))["entries"]
    _pin(made, "# kept for the paper\n\ntensorflow 2.19.*\n")
    assert (await api.plan(**request))["entries"] == []


async def test_a_request_that_conflicts_with_a_pin_is_refused_with_the_pin(api: Api, made: Any) -> None:
    _pin(made, "tensorflow 2.19.*\n")
    request = {"kind": "install", "environment": made["id"], "specs": ["tensorflow 2.20.*"]}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (422, "unsatisfiable")
    assert error["message"] == "The request conflicts with pinned packages: tensorflow 2.19.*."
    assert "conda-meta/pinned" in error["hint"]


async def test_an_unreadable_pin_is_an_error(api: Api, made: Any) -> None:
    _pin(made, "tensorflow =!= 2\n")
    status, error = await api.call("POST", "plans", {"kind": "install", "environment": made["id"], "specs": ["pandas"]})
    assert (status, error["reason"]) == (400, "invalid-request")
    assert "conda-meta/pinned" in error["message"]


async def test_a_pinned_package_is_not_requested(api: Api, made: Any) -> None:
    _pin(made, "pandas 1.*\n")
    plan = await api.plan(kind="install", environment=made["id"], specs=["numpy"])
    assert "pandas" not in [entry["name"] for entry in plan["entries"]]


class TestCondarc:
    @pytest.fixture
    def clean_home(self, clean_home: Path) -> Path:
        (clean_home / ".condarc").write_text("pinned_packages: ['tensorflow 2.19.*']\n")
        return clean_home

    async def test_pinned_packages_apply_to_new_environments(self, api: Api) -> None:
        status, error = await api.call("POST", "plans", {"kind": "create", "name": "tf", "tensorflow": "2.20.*"})
        assert (status, error["reason"]) == (422, "unsatisfiable")
        assert "pinned_packages of condarc" in error["hint"]
