"""Test what the planner reads of an environment, and how often."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.prefix import records

from ..conftest import Api


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The prefixes whose records are read, in order."""
    found: list[Path] = []
    read = records.available

    def remembering(prefix: Path) -> Any:
        found.append(prefix)
        return read(prefix)

    monkeypatch.setattr(records, "available", remembering)
    return found


async def test_an_unchanged_environment_is_read_only_once(api: Api, made: Any, reads: list[Path]) -> None:
    request = {"kind": "install", "environment": made["id"], "specs": ["pandas"]}
    plan = await api.plan(**request)
    assert (await api.plan(**request))["entries"] == plan["entries"]
    assert reads == [Path(made["prefix"])]


async def test_a_change_by_another_program_is_read(api: Api, made: Any, reads: list[Path]) -> None:
    request = {"kind": "update", "environment": made["id"], "packages": ["numpy"]}
    await api.plan(**request)
    next(Path(made["prefix"], "conda-meta").glob("numpy-*.json")).unlink()
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (404, "not-found")
    assert len(reads) == 2


async def test_a_record_that_cannot_be_read_is_named(api: Api, made: Any) -> None:
    record = next(Path(made["prefix"], "conda-meta").glob("numpy-*.json"))
    record.write_text("{")
    request = {"kind": "install", "environment": made["id"], "specs": ["pandas"]}
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (400, "invalid-request")
    assert record.name in error["message"]
