"""Test recreating an environment from a notebook record, and comparing the two."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..conftest import Api
from ..contract import check_schema
from ..tiny_tensorflow import TAG


async def _record(api: Api, environment: Any) -> dict[str, Any]:
    status, record = await api.call("GET", f"environments/{environment['id']}/export?format=notebook")
    assert status == 200, record
    check_schema("NotebookRecord", record)
    return dict(record)


async def _packages(api: Api, environment: Any) -> Any:
    return (await api.call("GET", f"environments/{environment['id']}/packages"))[1]["packages"]


async def _differences(api: Api, environment: Any, record: dict[str, Any]) -> tuple[int, Any]:
    body = {"content": json.dumps(record)}
    return await api.call("POST", f"environments/{environment['id']}/differences", body)


async def test_a_notebook_record_recreates_the_environment(api: Api, made: Any) -> None:
    record = await _record(api, made)
    assert (record["name"], record["tensorflow"], record["keras"]) == ("tf", "2.19.1", "3.10.0")
    before = await _packages(api, made)
    job = await api.apply(kind="import", name="again", content=json.dumps(record))
    assert job["state"] == "succeeded", job
    assert await _packages(api, await api.environment("again")) == before


async def test_requested_specs_are_solved_if_the_exact_packages_are_not_available(api: Api, made: Any) -> None:
    record = {**await _record(api, made), "platform": "osx-arm64"}
    plan = await api.plan(kind="import", name="again", content=json.dumps(record))
    tensorflow = next(entry for entry in plan["entries"] if entry["name"] == "tensorflow")
    assert (tensorflow["to"]["version"], tensorflow["requested"]) == ("2.19.1", True)
    assert ["osx-arm64" in warning["message"] for warning in plan["warnings"]] == [True]


async def test_requested_specs_are_solved_on_allowed_channels_if_the_recorded_one_is_not(api: Api, made: Any) -> None:
    import base64
    import zlib

    record = await _record(api, made)
    lock = base64.b64encode(zlib.compress(b"https://elsewhere.example/c/noarch/a-1-0.conda\n")).decode()
    plan = await api.plan(kind="import", name="again", content=json.dumps({**record, "lock": lock}))
    assert "tensorflow" in [entry["name"] for entry in plan["entries"]]
    assert "https://elsewhere.example/c” is not allowed" in plan["warnings"][0]["message"]


async def test_an_environment_does_not_differ_from_its_own_record(api: Api, made: Any) -> None:
    assert await _differences(api, made, await _record(api, made)) == (200, {"differences": []})


async def test_the_comparison_lists_changed_packages_tensorflow_first(api: Api, made: Any) -> None:
    record = await _record(api, made)
    job = await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
    assert job["state"] == "succeeded"
    _, answer = await _differences(api, made, record)
    build = f"cpu_py{TAG}h"
    assert answer["differences"] == [
        {"name": name, "recorded": f"2.19.1 {build}2191_0", "installed": f"2.20.0 {build}2200_0"}
        for name in ("tensorflow", "tensorflow-base")
    ]
    assert (await _record(api, made))["fingerprint"] != record["fingerprint"]


@pytest.mark.parametrize("change", [{"lock": None}, {"lock": None, "platform": "osx-arm64"}, {"platform": "win-64"}])
async def test_the_versions_are_compared_if_there_are_no_exact_packages(
    api: Api, made: Any, change: dict[str, Any]
) -> None:
    record = {**await _record(api, made), **change}
    assert await _differences(api, made, record) == (200, {"differences": []})
    older = {**record, "tensorflow": "2.18.0", "python": "3.8.1", "keras": None}
    _, answer = await _differences(api, made, older)
    assert answer["differences"] == [
        {"name": "tensorflow", "recorded": "2.18.0", "installed": "2.19.1"},
        {"name": "keras", "recorded": None, "installed": record["keras"]},
        {"name": "python", "recorded": "3.8.1", "installed": record["python"]},
    ]


@pytest.mark.parametrize("change", [{"version": 2}, {"lock": "broken"}])
async def test_a_damaged_record_cannot_be_compared(api: Api, made: Any, change: dict[str, Any]) -> None:
    status, error = await _differences(api, made, {**await _record(api, made), **change})
    assert (status, error["reason"]) == (400, "invalid-request")


async def test_a_file_without_exact_packages_cannot_be_compared(api: Api, made: Any) -> None:
    for content in ("dependencies: [numpy]", "{}"):
        status, error = await api.call("POST", f"environments/{made['id']}/differences", {"content": content})
        assert (status, error["reason"]) == (400, "invalid-request")
    status, error = await api.call("POST", f"environments/{made['id']}/differences", {})
    assert (status, "content" in error["message"]) == (400, True)
