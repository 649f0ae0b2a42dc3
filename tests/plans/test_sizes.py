"""Test the sizes in a plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.transaction.staging import discard

from ..conftest import Api
from ..tiny_channel import LONG, TinyChannel


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    """The usual channel, with a program, which contains its prefix."""
    tensorflow_channel.add("program", "1.0", files={"bin/program": f"\0{LONG}/lib\0"}, binary=["bin/program"])
    tensorflow_channel.index()
    return tensorflow_channel


async def test_a_copy(api: Api, made: Any) -> None:
    """A copy downloads only programs. Its name is short: the first line of a script fits a prefix of 100 characters."""
    await api.apply(kind="install", environment=made["id"], specs=["program"])
    prefix = Path(made["prefix"])
    assert f"{prefix}/lib\0".encode() in (prefix / "bin/program").read_bytes()
    assert (await api.plan(kind="clone", environment=made["id"], name="copy"))["download_bytes"] == 0
    discard(api.services.package_cache)
    plan = await api.plan(kind="clone", environment=made["id"], name="copy")
    sizes = {entry["name"]: entry["to"]["size"] for entry in plan["entries"]}
    assert len(sizes) > 5
    assert plan["download_bytes"] == sizes["program"]
    job = await api.apply(kind="clone", environment=made["id"], name="copy")
    assert job["state"] == "succeeded", job
    assert job["progress"]["done_bytes"] == plan["download_bytes"]
    copied = prefix.with_name("copy")
    assert f"{copied}/lib\0".encode() in (copied / "bin/program").read_bytes()


async def test_an_update_downloads_only_what_moves(api: Api, made: Any) -> None:
    plan = await api.plan(kind="update", environment=made["id"], packages=["tensorflow"])
    assert plan["download_bytes"] == sum(entry["to"]["size"] for entry in plan["entries"])
    assert 0 < len(plan["entries"]) < 5
