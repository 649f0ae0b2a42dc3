"""Test the limit of the package cache: what goes first, and what stays."""

from __future__ import annotations

import os
import shutil
import time
from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import fill
from .test_disk import BIG, cache, create, disk


@pytest.fixture
def tensorflow_channel(channel: TinyChannel) -> TinyChannel:
    for version in ("1.0", "2.0"):
        channel.add("app", version, files={"share/app.bin": os.urandom(BIG)})
    return fill(channel)


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"package_cache_limit": "0.6 MB"}


async def delete(api: Api, environment: Any) -> None:
    _, job = await api.call("DELETE", f"environments/{environment['id']}?at_once=true")
    await api.finished(job["id"])
    await api.services.jobs.ended(job["id"])


async def automatic(api: Api) -> list[Any]:
    """Return the jobs that the server started, after they have ended."""
    job = await api.services.jobs.limit_cache()
    if job is not None:
        await api.finished(job.id)
    _, found = await api.call("GET", "jobs")
    return [job for job in found["jobs"] if job["kind"] == "clean"]


async def test_a_job_is_followed_by_one_that_makes_the_cache_small_enough(api: Api) -> None:
    one = await create(api, "one", "app 1.0")
    await create(api, "two", "app 2.0")
    # It is too large, but environments have all packages.
    assert cache(await disk(api), "packages")["bytes"] > 2 * BIG
    assert await automatic(api) == []
    await delete(api, one)
    [job] = await automatic(api)
    assert (job["state"], job["automatic"], job["request"]) == ("succeeded", True, None)
    found = cache(await disk(api), "packages")
    assert found["bytes"] < 600_000
    assert not (api.services.package_cache / "app-1.0-0").exists()
    assert (api.services.package_cache / "app-2.0-0").is_dir()


@pytest.mark.parametrize("first", ["1.0", "2.0"])
async def test_what_was_not_used_for_the_longest_time_goes_first(api: Api, first: str) -> None:
    made = {version: await create(api, f"env{version}", f"app {version}") for version in ("1.0", "2.0")}
    total = cache(await disk(api), "packages")["bytes"]
    assert (await api.services.space.beyond(total - 1)).items == ()
    for version in sorted(made, key=lambda version: version != first):
        # Another program deletes them, so no job follows.
        shutil.rmtree(made[version]["prefix"])
        # Some file systems have times of a few milliseconds.
        time.sleep(0.05)
    chosen = (await api.services.space.beyond(total - 1)).items
    assert [item.name for item in chosen] == [f"app-{first}-0"]
    # Packages that both had were used last by the second.
    assert len((await api.services.space.beyond(0)).items) > 3


async def test_what_reverts_need_goes_last(api: Api) -> None:
    made = await create(api, "one", "app 1.0")
    job = await api.apply(kind="install", environment=made["id"], specs=["app 2.0"])
    assert job["state"] == "succeeded", job
    await automatic(api)
    assert not (api.services.package_cache / "app-1.0-0").exists()
    assert (await disk(api))["revisions_bytes"] == 0
