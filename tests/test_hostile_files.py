"""Files of others, and of ours that somebody or a full disk damaged: no content makes a call fail as “internal”."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Api
from .kernels.on_disk import kernels

CONTENTS = {
    "nothing": b"",
    "null": b"null",
    "a number": b"1",
    "a number too long for Python": b"1" * 5000,
    "a list": b"[]",
    "a list of numbers": b"[1, 2]",
    "an object": b"{}",
    "an object of other fields": b'{"a": {"b": [1]}}',
    "deep brackets": b"[" * 100_000,
    "deep objects": b'{"a":' * 5_000,
    "half an object": b'{"id": "x", "name"',
    "other bytes": bytes(range(256)),
    "lone surrogates": b'{"name": "\\ud800", "display_name": "\\ud800", "version": "\\ud800"}',
}

#: Files of an environment, relative to it.
IN_THE_ENVIRONMENT = [
    "conda-meta/frozen",
    "conda-meta/history",
    "conda-meta/pinned",
    "conda-meta/state",
    "conda-meta/numpy-2.1.0-0.json",
    "conda-meta/other-1-0.json",
    "conda-meta/tfenv_lab/00000.json",
    "conda-meta/tfenv_lab/00000.lock",
    "conda-meta/tfenv_lab/pypi.json",
    "conda-meta/tfenv_lab/other.json",
    "share/jupyter/kernels/other/kernel.json",
    "etc/conda/env_vars.d/a.json",
]


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"check_after_change": False}


async def failures(api: Api, environment: str) -> dict[str, str]:
    """Return what fails inside the server, by call. Other kinds of plans read an environment as these do."""
    plans = [
        {"kind": "install", "environment": environment, "specs": ["numpy 2.2.*"]},
        {"kind": "clone", "environment": environment, "name": "copy"},
        {"kind": "revert", "environment": environment, "revision": 0},
    ]
    calls: list[tuple[str, str, Any]] = [
        ("GET", "status", None),
        ("GET", "environments", None),
        ("GET", "jobs", None),
        ("GET", "tensorflow", None),
        ("GET", f"environments/{environment}", None),
        ("GET", f"environments/{environment}/packages", None),
        ("GET", f"environments/{environment}/revisions", None),
        ("GET", f"environments/{environment}/size", None),
        ("GET", f"environments/{environment}/export?format=environment-yml", None),
        ("GET", f"environments/{environment}/export?format=pixi-lock", None),
        *(("POST", "plans", plan) for plan in plans),
        ("PUT", f"environments/{environment}/kernelspec", {}),
    ]
    found = {}
    for method, path, body in calls:
        status, answer = await api.call(method, path, body)
        if status >= 500:
            found[f"{method} {path} {body}"] = ascii(answer)
    return found


@pytest.mark.parametrize("name", IN_THE_ENVIRONMENT)
async def test_a_file_of_an_environment(api: Api, made: Any, name: str) -> None:
    prefix = Path(made["prefix"])
    path = next(prefix.glob("conda-meta/numpy-*.json")) if "numpy" in name else prefix / name
    path.parent.mkdir(parents=True, exist_ok=True)
    for content in CONTENTS.values():
        path.unlink(missing_ok=True)
        path.write_bytes(content)
        assert await failures(api, made["id"]) == {}


@pytest.mark.parametrize("name", ["00000.json", "00000.lock"])
async def test_a_missing_file_of_a_revision(api: Api, made: Any, name: str) -> None:
    (Path(made["prefix"]) / "conda-meta/tfenv_lab" / name).unlink()
    assert await failures(api, made["id"]) == {}
    status, error = await api.call("POST", "plans", {"kind": "revert", "environment": made["id"], "revision": 0})
    assert (status, error["reason"]) == (404, "not-found")


async def test_a_kernelspec_of_another_program(api: Api, made: Any) -> None:
    for content in CONTENTS.values():
        other = kernels() / "other" / "kernel.json"
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_bytes(content)
        assert await failures(api, made["id"]) == {}


async def test_a_kernelspec_of_ours(api: Api, made: Any) -> None:
    for content in CONTENTS.values():
        (kernels() / made["kernel"]["name"] / "kernel.json").write_bytes(content)
        assert await failures(api, made["id"]) == {}


async def test_a_stored_plan(api: Api, made: Any) -> None:
    plan = await api.plan(kind="clone", environment=made["id"], name="copy")
    [path] = (path for path in Path.home().rglob(f"{plan['id']}.json"))
    whole = path.read_bytes()
    contents = {**CONTENTS, "half": whole[: len(whole) // 2]}
    for name, content in contents.items():
        path.write_bytes(content)
        for method, address, body in (
            ("GET", f"plans/{plan['id']}", None),
            ("POST", "jobs", {"plan": plan["id"]}),
        ):
            status, error = await api.call(method, address, body)
            assert (status, error["reason"]) == (404, "not-found"), (name, ascii(error))


async def test_a_stored_job(api: Api, made: Any) -> None:
    _, answer = await api.call("GET", "jobs")
    [job] = answer["jobs"]
    [path] = Path.home().rglob(f"{job['id']}.json")
    whole = json.loads(path.read_bytes())
    values: list[Any] = [None, 1, "x", [], {}, [1]]
    odd = [{**whole, key: value} for key in whole for value in values]
    for content in (*CONTENTS.values(), *(json.dumps(each).encode() for each in odd)):
        path.write_bytes(content)
        for address in ("jobs", f"jobs/{job['id']}", f"jobs/{job['id']}/log", "environments"):
            status, error = await api.call("GET", address)
            assert status in (200, 404), (content[:300], ascii(error))
