"""Tests with a channel that answered once and is now unreachable: cached data replaces it, with its age."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from ..conda.http_channel import HttpChannel
from ..conftest import Api
from ..tiny_channel import TinyChannel

HOURS_OLD = 3


@pytest.fixture
def served(tensorflow_channel: TinyChannel) -> Iterator[HttpChannel]:
    served = HttpChannel(tensorflow_channel.root)
    served.up()
    yield served
    served.down()


@pytest.fixture
def settings(served: HttpChannel) -> dict[str, Any]:
    return {"channels": [served.url]}


async def _gone(api: Api, served: HttpChannel) -> None:
    """A channel that answered once and is unreachable hours later."""
    _, catalog = await api.call("GET", "tensorflow")
    assert catalog["age_seconds"] is None
    [stamp] = api.services.repodata.cache_dir.glob("*.fetched")
    then = stamp.stat().st_mtime - HOURS_OLD * 3600
    os.utime(stamp, (then, then))
    served.down()
    api.services.repodata.clear()


async def test_the_catalog_says_how_old_it_is(api: Api, served: HttpChannel) -> None:
    await _gone(api, served)
    status, catalog = await api.call("GET", "tensorflow")
    assert status == 200
    assert [release["version"] for release in catalog["releases"]] == ["2.20.0", "2.19.1"]
    assert HOURS_OLD * 3600 <= catalog["age_seconds"] < HOURS_OLD * 3600 + 300


async def test_plans_can_be_made_from_cached_data(api: Api, served: HttpChannel) -> None:
    await _gone(api, served)
    plan = await api.plan(kind="create", name="tf", tensorflow="2.19.*")
    assert {entry["to"]["channel"] for entry in plan["entries"]} == {served.url}


async def test_a_job_that_must_download_fails_for_this_reason_and_leaves_nothing(api: Api, served: HttpChannel) -> None:
    await _gone(api, served)
    job = await api.apply(kind="create", name="tf", tensorflow="2.19.*")
    assert (job["state"], job["error"]["reason"]) == ("failed", "channel-unreachable")
    assert await api.environment("tf") is None
