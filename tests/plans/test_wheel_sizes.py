"""Test what plans say of the sizes of packages from a package index."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from .. import python_package
from ..conftest import Api, Mount
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import SITE


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    """A channel with a Python that has its own prefix, and a kernel."""
    python_package.add(channel, tmp_path / "pip")
    channel.add("ipykernel", "7.0.0", noarch="generic", depends=["python"])
    channel.index()
    return channel


@pytest.fixture
def big(simple_index: SimpleIndex) -> int:
    """Add “big” to the index, and return the size of its wheel."""
    return simple_index.add("big", files={"big.py": "", "data.bin": os.urandom(200_000)}).stat().st_size


async def created(api: Api, name: str) -> Any:
    """Create an environment with “big”, and return the plan and the job."""
    plan = await api.plan(kind="create", name=name, packages=["pypi:big"])
    status, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert status == 202, job
    job = await api.finished(job["id"])
    assert job["state"] == "succeeded", job
    return plan, job


def conda(plan: Any) -> int:
    """Return the bytes of conda's packages in a plan."""
    return sum(entry["to"]["size"] for entry in plan["entries"] if entry["source"] == "conda")


async def test_a_wheel_is_downloaded_once(api: Api, big: int) -> None:
    first, job = await created(api, "one")
    assert first["download_bytes"] == conda(first) + big
    assert job["progress"]["done_bytes"] == job["progress"]["total_bytes"] == first["download_bytes"]
    assert job["progress"]["done_packages"] == job["progress"]["total_packages"] == len(first["entries"])
    second, job = await created(api, "two")
    assert second["download_bytes"] == 0
    assert second["sizes_complete"]
    assert 200_000 < second["install_bytes"] < 210_000, "the files in the caches are counted"


async def test_a_copy_downloads_nothing_and_installs_all(api: Api, big: int, tmp_path: Path) -> None:
    await created(api, "one")
    (tmp_path / "uv-cache").rename(tmp_path / "gone")
    identity = (await api.environment("one"))["id"]
    plan = await api.plan(kind="clone", environment=identity, name="copy")
    assert plan["download_bytes"] == 0
    assert plan["install_bytes"] > 200_000


async def test_an_index_that_says_no_sizes_makes_the_numbers_lower_bounds(
    api: Api, simple_index: SimpleIndex, big: int
) -> None:
    simple_index.serves_json = False
    plan, job = await created(api, "one")
    assert not plan["sizes_complete"]
    assert plan["download_bytes"] == conda(plan)
    # uv says the size once it downloads, but rounded; without a terminal it says only those of larger files.
    told = job["progress"]["total_bytes"]
    assert told == conda(plan) or abs(told - conda(plan) - big) < 1000


async def test_a_cache_on_another_file_system_is_said_and_its_files_are_copied(
    api: Api, big: int, mount: Mount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = mount(tmp_path / "elsewhere", "200m") / "uv"
    monkeypatch.setenv("UV_CACHE_DIR", str(place))
    plan, _ = await created(api, "one")
    said = {warning["code"]: warning["message"] for warning in plan["warnings"]}
    assert str(place) in said["files-copied"]
    prefix = Path((await api.environment("one"))["prefix"])
    assert (prefix / SITE / "data.bin").stat().st_nlink == 1
    # What a file has that was copied is not that of uv's unpacked wheel, so it is not kept for others.
    assert not list(api.services.package_cache.parent.glob("bytecode/*/big-*"))
