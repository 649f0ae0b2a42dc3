"""A disk that really fills up: a tiny tmpfs (as root), with the test of free space turned off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api, Mount
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON


@pytest.fixture
def small_disk(tmp_path: Path, mount: Mount) -> Path:
    """A file system with one megabyte."""
    return mount(tmp_path / "disk", "1m")


@pytest.fixture
def settings(small_disk: Path) -> dict[str, Any]:
    return {"envs_dir": str(small_disk / "envs")}


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    tensorflow_channel.add("big", "1.0", noarch="generic", files={"share/big.bin": os.urandom(3_000_000)})
    tensorflow_channel.index()
    return tensorflow_channel


async def test_a_change_that_does_not_fit_is_refused_before_it_starts(api: Api, small_disk: Path) -> None:
    plan = await api.plan(kind="create", name="tf", tensorflow=None, python=PYTHON, packages=["big"])
    status, error = await api.call("POST", "jobs", {"plan": plan["id"]})
    assert (status, error["reason"]) == (507, "no-space")
    assert "MB" in error["message"]


async def test_a_full_disk_fails_the_job_and_keeps_the_old_environment(
    api: Api, small_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tfenv_lab.jobs.service.require_room", lambda *_: None)
    made = await api.apply(kind="create", name="tf", tensorflow="2.19.*", python=PYTHON)
    assert made["state"] == "succeeded", made
    environment = await api.environment("tf")
    before = sorted(path.name for path in Path(environment["prefix"]).rglob("*"))
    job = await api.apply(kind="install", environment=environment["id"], specs=["big"])
    assert (job["state"], job["error"]["reason"]) == ("failed", "no-space"), job
    assert sorted(path.name for path in Path(environment["prefix"]).rglob("*")) == before
    assert [path.name for path in (small_disk / "envs").iterdir()] == ["tf"]
