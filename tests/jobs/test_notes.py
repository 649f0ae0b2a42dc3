"""Test the history of an environment: what was requested, and the notes that users write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api
from tfenv_lab.conda.prefix import revisions
from tfenv_lab.conda.transaction import prefix_lock


async def history(api: Api, environment: Any) -> list[Any]:
    status, body = await api.call("GET", f"environments/{environment['id']}/revisions")
    assert status == 200
    found: list[Any] = body["revisions"]
    return found


async def test_the_history_says_what_was_requested(api: Api, made: Any) -> None:
    await api.apply(kind="install", environment=made["id"], specs=["pandas"])
    await api.apply(kind="remove", environment=made["id"], packages=["pandas"])
    [removed, installed, created] = await history(api, made)
    assert [one["asked"] for one in (removed, installed)] == ["Remove pandas", "Install pandas"]
    assert created["asked"].startswith("Create with TensorFlow 2.19.*, Python")
    assert [one["note"] for one in (removed, installed, created)] == [None, None, None]


async def test_a_note_is_kept_with_its_revision(api: Api, made: Any) -> None:
    path = f"environments/{made['id']}/revisions/0"
    status, body = await api.call("PATCH", path, {"note": "  For the course.\nKeep it. "})
    assert (status, body["note"]) == (200, "For the course.\nKeep it.")
    await api.apply(kind="install", environment=made["id"], specs=["pandas"])
    assert [one["note"] for one in await history(api, made)] == [None, "For the course.\nKeep it."]
    status, body = await api.call("PATCH", path, {"note": None})
    assert (status, body["note"]) == (200, None)


async def test_a_note_does_not_change_what_a_plan_starts_from(api: Api, made: Any) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
    await api.call("PATCH", f"environments/{made['id']}/revisions/0", {"note": "Before pandas."})
    status, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert status == 202
    assert (await api.finished(job["id"]))["state"] == "succeeded"
    assert [one["note"] for one in await history(api, made)] == [None, "Before pandas."]


async def test_a_note_of_a_copy_is_not_the_originals(api: Api, made: Any) -> None:
    await api.apply(kind="rename", environment=made["id"], name="renamed")
    renamed = await api.environment("renamed")
    await api.apply(kind="clone", environment=renamed["id"], name="copy")
    await api.call("PATCH", f"environments/{renamed['id']}/revisions/0", {"note": "Mine."})
    assert [one["note"] for one in await history(api, renamed)] == [None, "Mine."]
    assert [one["note"] for one in await history(api, await api.environment("copy"))] == [None]


async def test_a_revision_of_an_older_version_is_readable_and_can_get_a_note(api: Api, made: Any) -> None:
    file = Path(made["prefix"]) / revisions.FOLDER / "00000.json"
    old = json.loads(file.read_text())
    del old["asked"], old["note"]
    file.write_text(json.dumps(old))
    [revision] = await history(api, made)
    assert (revision["asked"], revision["note"]) == (None, None)
    status, body = await api.call("PATCH", f"environments/{made['id']}/revisions/0", {"note": "Old."})
    assert (status, body["note"], body["summary"]) == (200, "Old.", revision["summary"])


async def test_an_address_in_a_note_loses_its_credentials(api: Api, made: Any) -> None:
    note = "From https://me:secret@host/channel"
    _, body = await api.call("PATCH", f"environments/{made['id']}/revisions/0", {"note": note})
    assert body["note"] == "From https://host/channel"


@pytest.mark.parametrize("body", [{}, {"note": 1}, {"note": ["x"]}, {"note": "x" * 2001}, {"note": "x", "kind": "y"}])
async def test_what_is_not_a_note_is_refused(api: Api, made: Any, body: Any) -> None:
    status, error = await api.call("PATCH", f"environments/{made['id']}/revisions/0", body)
    assert (status, error["reason"]) == (400, "invalid-request")


@pytest.mark.parametrize("number", ["1", "7"])
async def test_a_revision_that_does_not_exist(api: Api, made: Any, number: str) -> None:
    status, error = await api.call("PATCH", f"environments/{made['id']}/revisions/{number}", {"note": "x"})
    assert (status, error["reason"]) == (404, "not-found")


async def test_no_note_is_written_while_another_program_changes_the_environment(api: Api, made: Any) -> None:
    with prefix_lock.hold(Path(made["prefix"]), "test"):
        status, error = await api.call("PATCH", f"environments/{made['id']}/revisions/0", {"note": "x"})
    assert (status, error["reason"]) == (409, "prefix-busy")


async def test_a_protected_environment_gets_no_note(api: Api, made: Any) -> None:
    (Path(made["prefix"]) / "conda-meta/frozen").write_text("{}")
    status, error = await api.call("PATCH", f"environments/{made['id']}/revisions/0", {"note": "x"})
    assert (status, error["reason"]) == (403, "protected")
