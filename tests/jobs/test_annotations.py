"""Test the note and the pins that a user keeps with an environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Api
from tfenv_lab.conda.transaction import prefix_lock


async def annotate(api: Api, environment: Any, **changes: Any) -> tuple[int, Any]:
    return await api.call("PATCH", f"environments/{environment['id']}/annotations", changes)


async def kept(api: Api, environment: Any) -> Any:
    status, found = await api.call("GET", f"environments/{environment['id']}/annotations")
    assert status == 200
    return found


def pinned(environment: Any) -> Path:
    return Path(environment["prefix"]) / "conda-meta/pinned"


async def test_a_new_environment_has_neither(api: Api, made: Any) -> None:
    assert await kept(api, made) == {"note": None, "pins": []}


async def test_a_note_is_kept_over_changes_and_a_rename(api: Api, made: Any) -> None:
    status, found = await annotate(api, made, note="  For the course.\nKeep it. ")
    assert (status, found) == (200, {"note": "For the course.\nKeep it.", "pins": []})
    await api.apply(kind="install", environment=made["id"], specs=["pandas"])
    await api.apply(kind="rename", environment=made["id"], name="renamed")
    renamed = await api.environment("renamed")
    assert (await kept(api, renamed))["note"] == "For the course.\nKeep it."
    status, found = await annotate(api, renamed, note=None)
    assert found["note"] is None


async def test_a_pin_counts_in_the_next_plan(api: Api, made: Any) -> None:
    request = {"kind": "update", "environment": made["id"], "packages": ["tensorflow"]}
    assert (await api.plan(**request))["entries"]
    status, found = await annotate(api, made, pins=["tensorflow 2.19.*", " ", "tensorflow 2.19.*"])
    assert (status, found["pins"]) == (200, ["tensorflow 2.19.*"])
    assert (await api.plan(**request))["entries"] == []
    await annotate(api, made, pins=[])
    assert (await api.plan(**request))["entries"]


async def test_comments_in_the_file_of_the_pins_stay(api: Api, made: Any) -> None:
    pinned(made).write_text("# kept for the paper\ntensorflow 2.19.*\n\nnumpy <3\n")
    assert (await kept(api, made))["pins"] == ["tensorflow 2.19.*", "numpy <3"]
    await annotate(api, made, pins=["numpy <3", "keras 3.*"])
    assert pinned(made).read_text() == "# kept for the paper\n\nnumpy <3\nkeras 3.*\n"


async def test_what_is_not_named_stays(api: Api, made: Any) -> None:
    await annotate(api, made, pins=["numpy <3"], note="Mine.")
    assert (await annotate(api, made, note="Ours."))[1] == {"note": "Ours.", "pins": ["numpy <3"]}
    assert (await annotate(api, made, pins=[]))[1] == {"note": "Ours.", "pins": []}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "The body must have"),
        ({"pins": [], "color": 1}, "The body must have"),
        ({"note": 1}, "“note” must be"),
        ({"note": "x" * 2001}, "2001 characters"),
        ({"pins": "numpy"}, "“pins” must be"),
        ({"pins": None}, "“pins” must be"),
        ({"pins": [1]}, "“pins” must be"),
        ({"pins": ["numpy =!= 2"]}, "is not a package spec"),
        ({"pins": ["# numpy"]}, "is not a pin"),
        ({"pins": ["numpy\ntensorflow"]}, "is not a pin"),
        ({"pins": ["https://me:secret@example.org/c::numpy"]}, "is not a pin"),
        ({"pins": [f"numpy 1.{number}" for number in range(201)]}, "the limit is 200"),
    ],
)
async def test_something_else_is_refused_and_changes_nothing(
    api: Api, made: Any, changes: dict[str, Any], message: str
) -> None:
    await annotate(api, made, pins=["numpy <3"], note="Mine.")
    status, error = await annotate(api, made, **changes)
    assert (status, error["reason"]) == (400, "invalid-request")
    assert message in error["message"]
    assert "secret" not in str(error)
    assert await kept(api, made) == {"note": "Mine.", "pins": ["numpy <3"]}


async def test_a_protected_environment_keeps_what_it_has(api: Api, made: Any) -> None:
    (Path(made["prefix"]) / "conda-meta/frozen").write_text("{}")
    status, error = await annotate(api, made, note="Mine.")
    assert (status, error["reason"]) == (403, "protected")


async def test_a_busy_environment_keeps_what_it_has(api: Api, made: Any) -> None:
    with prefix_lock.hold(Path(made["prefix"]), "test"):
        status, error = await annotate(api, made, note="Mine.")
    assert (status, error["reason"]) == (409, "prefix-busy")


async def test_a_file_that_is_not_text_is_an_error_for_pins_and_no_note(api: Api, made: Any) -> None:
    pinned(made).write_bytes(b"\xff\xfe")
    status, error = await api.call("GET", f"environments/{made['id']}/annotations")
    assert (status, error["reason"]) == (400, "invalid-request")
    assert "conda-meta/pinned" in error["message"]
