"""Test the limits of a user: environments and bytes, for a plan and again when its job starts."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from ..cli.conftest import Shell
from ..conftest import Api
from ..prefixes import make_prefix
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import fill
from .test_disk import BIG, clean, create

HINT = "Delete an environment that you do not need anymore, then try again."


@pytest.fixture
def tensorflow_channel(channel: TinyChannel) -> TinyChannel:
    for name in ("app", "other"):
        channel.add(name, "1.0", files={f"share/{name}.bin": os.urandom(BIG)})
    return fill(channel)


@pytest.fixture
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return dict(getattr(request, "param", {}))


def limited(**settings: object) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("settings", [settings], indirect=True)


async def refused(api: Api, **request: Any) -> Any:
    status, error = await api.call("POST", "plans", request)
    assert (status, error["reason"]) == (507, "limit-reached"), error
    return error


def new(name: str, *packages: str) -> dict[str, Any]:
    return {"kind": "create", "name": name, "packages": packages}


@limited(max_environments=2)
async def test_a_plan_for_one_environment_too_many_is_refused(api: Api) -> None:
    one = await create(api, "one", "app")
    await create(api, "two", "app")
    error = await refused(api, **new("three", "app"))
    assert error["message"] == "You have 2 of the 2 environments that the administrator allows."
    assert error["hint"] == HINT
    await refused(api, kind="clone", environment=one["id"], name="three")
    await refused(api, kind="import", name="three", content="dependencies: [app]", format="environment-yml")
    # What adds no environment goes on.
    changed = await api.apply(kind="install", environment=one["id"], specs=["other"])
    assert changed["state"] == "succeeded", changed
    renamed = await api.apply(kind="rename", environment=one["id"], name="uno")
    assert renamed["state"] == "succeeded", renamed


@limited(max_environments=1)
async def test_two_plans_at_once_do_not_exceed_the_number(api: Api) -> None:
    plans = [await api.plan(**new(name, "app")) for name in ("one", "two")]
    answers = await asyncio.gather(*(api.call("POST", "jobs", {"plan": plan["id"]}) for plan in plans))
    [started] = [job for status, job in answers if status == 202]
    [(status, error)] = [answer for answer in answers if answer[0] != 202]
    assert (status, error["reason"]) == (507, "limit-reached")
    assert (await api.finished(started["id"]))["state"] == "succeeded"


@limited(max_environments=1)
async def test_an_undone_deletion_counts_again(api: Api) -> None:
    one = await create(api, "one", "app")
    _, job = await api.call("DELETE", f"environments/{one['id']}")
    await api.finished(job["id"])
    two = await create(api, "two", "app")
    status, error = await api.call("POST", f"jobs/{job['id']}/undo", {})
    assert (status, error["reason"]) == (507, "limit-reached")
    _, other = await api.call("DELETE", f"environments/{two['id']}?at_once=true")
    await api.finished(other["id"])
    status, restored = await api.call("POST", f"jobs/{job['id']}/undo", {})
    assert status == 202, restored
    assert (await api.finished(restored["id"]))["state"] == "succeeded"


@limited(max_environments=1)
async def test_environments_that_the_user_published_do_not_count(api: Api) -> None:
    published = api.services.envs_dir / "team-0123abcd"
    make_prefix(published)
    marker = {"message": "Published.", "published": "2026-01-01T00:00:00+00:00", "by": "root"}
    (published / "conda-meta" / "frozen").write_text(json.dumps(marker))
    await create(api, "one", "app")
    assert len(await api.services.environments.owned()) == 1


@limited(max_bytes="1.9 MB")
async def test_bytes_count_once_whatever_shares_them(api: Api) -> None:
    one = await create(api, "one", "app")
    # A copy and a second environment with the same packages take little: their files are hard links.
    copied = await api.apply(kind="clone", environment=one["id"], name="copied")
    assert copied["state"] == "succeeded", copied
    await create(api, "two", "app")
    error = await refused(api, **new("three", "other"))
    assert error["message"].startswith("This change adds ")
    assert error["message"].endswith(" but the administrator allows 1.9 MB.")
    assert error["hint"] == HINT
    assert not (api.services.envs_dir / "three").exists()


@limited(max_bytes="1.9 MB")
async def test_the_hint_names_what_can_be_freed(api: Api) -> None:
    one = await create(api, "one", "app")
    _, job = await api.call("DELETE", f"environments/{one['id']}?at_once=true")
    await api.finished(job["id"])
    error = await refused(api, **new("two", "other"))
    assert error["hint"].startswith("Free up 0.")
    assert "“Disk Space” in the panel or “jupyter tfenv clean”" in error["hint"]
    await clean(api, "cache")
    await create(api, "two", "other")


@limited(max_bytes="1.9 MB")
async def test_a_change_that_frees_space_is_never_refused(api: Api) -> None:
    one = await create(api, "one", "app")
    Path(one["prefix"], "notes.bin").write_bytes(os.urandom(4 * BIG))
    await refused(api, kind="install", environment=one["id"], specs=["other"])
    job = await api.apply(kind="remove", environment=one["id"], packages=["app"])
    assert job["state"] == "succeeded", job


@limited(max_bytes="2 MB")
async def test_two_plans_at_once_do_not_exceed_the_bytes(api: Api) -> None:
    plans = [await api.plan(**new(name, name)) for name in ("app", "other")]
    answers = await asyncio.gather(*(api.call("POST", "jobs", {"plan": plan["id"]}) for plan in plans))
    assert sorted(status for status, _ in answers) == [202, 507]
    [started] = [job for status, job in answers if status == 202]
    assert (await api.finished(started["id"]))["state"] == "succeeded"


@limited(max_environments=3, max_bytes="20 GB")
async def test_the_status_has_the_limits(api: Api) -> None:
    _, found = await api.call("GET", "status")
    assert (found["limits"]["max_environments"], found["limits"]["max_bytes"]) == (3, 20_000_000_000)


async def test_without_limits_nothing_is_measured(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api.services.space, "taken", None)
    await create(api, "one", "app")
    _, found = await api.call("GET", "status")
    assert (found["limits"]["max_environments"], found["limits"]["max_bytes"]) == (None, None)


def test_the_commands_follow_the_limits(shell: Shell) -> None:
    status, _, told = shell.run("create", "one", "app", "--no-tensorflow", "-y", "--TfenvLab.max_bytes=1 kB")
    assert status == 8
    assert "the administrator allows 0.0 MB" in told
    status, out, _ = shell.run("status", "--TfenvLab.max_environments=3", "--TfenvLab.max_bytes=20 GB")
    assert status == 0
    assert "3 environments" in out
    assert "20,000 MB for environments, caches and trash" in out
