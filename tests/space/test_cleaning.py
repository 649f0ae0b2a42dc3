"""Test that cleaning is safe beside jobs and other programs, and what it does to uv's cache."""

from __future__ import annotations

import asyncio
import fcntl
import os
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.disk.reads import BoundedReads
from tfenv_lab.space import survey

from .. import python_package
from ..conftest import Api, DeadMount
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .test_disk import BIG, cache, clean, disk


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    """A channel with a Python that has its own prefix, and a kernel."""
    python_package.add(channel, tmp_path / "pip")
    channel.add("ipykernel", "7.0.0", noarch="generic", depends=["python"])
    channel.add("app", "1.0", files={"share/app.bin": os.urandom(BIG)})
    channel.index()
    return channel


@pytest.fixture
def big(simple_index: SimpleIndex) -> SimpleIndex:
    """Add “big” 1.0 and 2.0 to the index."""
    for version in ("1.0", "2.0"):
        simple_index.add("big", version, files={"big.py": "", "data.bin": os.urandom(BIG)})
    return simple_index


async def create(api: Api, name: str, *packages: str) -> Any:
    job = await api.apply(kind="create", name=name, packages=packages)
    assert job["state"] == "succeeded", job
    return await api.environment(name)


async def delete(api: Api, environment: Any) -> None:
    _, job = await api.call("DELETE", f"environments/{environment['id']}?at_once=true")
    assert (await api.finished(job["id"]))["state"] == "succeeded"
    await api.services.jobs.ended(job["id"])


async def test_uv_forgets_the_wheels_that_no_environment_needs(api: Api, big: SimpleIndex) -> None:
    made = await create(api, "one", "pypi:big==1.0")
    assert cache(await disk(api), "uv")["unused_bytes"] == 0
    await delete(api, made)
    await create(api, "two", "pypi:big==2.0")
    before = cache(await disk(api), "uv")
    assert BIG <= before["unused_bytes"] < 1.2 * BIG
    plan, _ = await clean(api, "uv")
    assert plan["freed_bytes"] == before["unused_bytes"]
    after = cache(await disk(api), "uv")
    assert after["unused_bytes"] == 0
    assert BIG <= before["bytes"] - after["bytes"] < 1.2 * BIG
    # The other wheel is still there.
    assert (await api.plan(kind="create", name="three", packages=["pypi:big==2.0"]))["download_bytes"] == 0
    assert (await api.plan(kind="create", name="three", packages=["pypi:big==1.0"]))["download_bytes"] > BIG


async def test_a_wheel_that_only_a_revert_needs_belongs_to_the_revisions(api: Api, big: SimpleIndex) -> None:
    made = await create(api, "one", "pypi:big==1.0")
    job = await api.apply(kind="install", environment=made["id"], specs=["pypi:big==2.0"])
    assert job["state"] == "succeeded", job
    found = await disk(api)
    assert cache(found, "uv")["unused_bytes"] == 0
    assert BIG <= found["revisions_bytes"] < 1.2 * BIG
    plan, _ = await clean(api, "revisions")
    assert "one to revision 0 (big-1.0)" in plan["warnings"][0]["message"]
    assert (await disk(api))["revisions_bytes"] == 0
    assert (await api.apply(kind="revert", environment=made["id"], revision=0))["state"] == "succeeded"


async def test_a_wheel_that_another_program_links_stays(api: Api, big: SimpleIndex, tmp_path: Path) -> None:
    made = await create(api, "one", "pypi:big==1.0")
    [data] = (tmp_path / "uv-cache").glob("archive-v*/*/data.bin")
    os.link(data, tmp_path / "linked.bin")
    await delete(api, made)
    assert cache(await disk(api), "uv")["unused_bytes"] == 0


async def test_cleaning_waits_for_the_lock_of_the_package_cache(api: Api) -> None:
    """rattler holds this lock as long as it links packages."""
    await delete(api, await create(api, "one", "app"))
    plan = await api.plan(kind="clean", what=["cache"])
    lock = os.open(api.services.package_cache / ".cache.lock", os.O_RDWR)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH)
        _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
        await asyncio.sleep(1)
        _, job = await api.call("GET", f"jobs/{job['id']}")
        assert job["state"] == "running"
        assert (api.services.package_cache / "app-1.0-0").is_dir()
        # A second cleaning is refused, and the first can be cancelled.
        other = await api.plan(kind="clean", what=["cache"])
        status, error = await api.call("POST", "jobs", {"plan": other["id"]})
        assert (status, error["reason"]) == (409, "prefix-busy")
        await api.call("DELETE", f"jobs/{job['id']}")
        job = await api.finished(job["id"])
        assert (job["state"], job["message"]) == ("cancelled", "Cancelled; some files may be deleted already")
    finally:
        os.close(lock)
    _, job = await api.call("POST", "jobs", {"plan": other["id"]})
    assert (await api.finished(job["id"]))["state"] == "succeeded"
    assert not (api.services.package_cache / "app-1.0-0").exists()


async def test_a_package_that_a_waiting_job_needs_stays(api: Api) -> None:
    await delete(api, await create(api, "one", "app"))
    plan = await api.plan(kind="create", name="two", packages=["app"])
    # Both places for jobs are taken, so that the job waits.
    for _ in range(2):
        await api.services.jobs.running.slots.acquire()
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    found = await disk(api)
    assert cache(found, "packages")["unused_bytes"] == 0
    for _ in range(2):
        api.services.jobs.running.slots.release()
    assert (await api.finished(job["id"]))["state"] == "succeeded"


async def test_what_cannot_be_read_is_named_and_a_plan_warns_of_it(
    api: Api, dead_mount: DeadMount, clean_home: Path
) -> None:
    await delete(api, await create(api, "one", "app"))
    away = dead_mount(clean_home / ".conda" / "envs" / "away")
    listed = clean_home / ".conda" / "environments.txt"
    listed.write_text(f"{away}\n")
    assert (await disk(api))["left_out"] == ["away"]
    plan = await api.plan(kind="clean", what=["cache"])
    [warning] = plan["warnings"]
    assert (warning["code"], warning["message"].split(".")[0]) == (
        "not-measured",
        "These do not respond or cannot be read: away",
    )


async def test_a_cache_that_cannot_be_read_is_named_and_nothing_of_it_is_deleted(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create(api, "one", "app")

    def fail(place: str) -> None:
        raise OSError(5, "Input/output error", place)

    # Imitates a drive with errors, which cannot be made here.
    monkeypatch.setattr(survey, "_wheels", BoundedReads(fail))
    found = await disk(api)
    assert found["left_out"] == ["the cache of uv"]
    assert cache(found, "uv") == {"name": "uv", "bytes": 0, "unused_bytes": 0}
    plan = await api.plan(kind="clean", what=["uv", "cache"])
    [warning] = [each["message"] for each in plan["warnings"] if each["code"] == "not-measured"]
    assert "cannot be read: the cache of uv. Nothing is deleted there." in warning
