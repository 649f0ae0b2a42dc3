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
    """The usual channel, with a program, which contains its prefix, and a big package."""
    tensorflow_channel.add("program", "1.0", files={"bin/program": f"\0{LONG}/lib\0"}, binary=["bin/program"])
    tensorflow_channel.add("big", "1.0", files={"share/big.bin": "x" * 300_000})
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


async def on_disk(api: Api) -> dict[str, Any]:
    _, found = await api.call("GET", "disk")
    return {each["id"]: each for each in found["environments"]}


async def test_a_copy_says_what_it_adds_and_what_it_shares(api: Api, made: Any) -> None:
    (Path(made["prefix"]) / "data.bin").write_bytes(b"x" * 300_000)
    plan = await api.plan(kind="clone", environment=made["id"], name="copy")
    assert plan["freed_bytes"] == 0
    job = await api.apply(kind="clone", environment=made["id"], name="copy")
    found = (await on_disk(api))[job["environment"]]
    assert plan["shared_bytes"] > 300_000
    assert abs(plan["added_bytes"] - found["own_bytes"]) < 50_000
    assert abs(plan["shared_bytes"] - found["shared_bytes"]) < 50_000


async def test_a_second_environment_adds_little(api: Api, made: Any) -> None:
    first = await api.plan(kind="create", name="one", packages=["big"])
    assert first["download_bytes"] > 0
    assert first["added_bytes"] > 0
    assert (await api.apply(kind="create", name="one", packages=["big"]))["state"] == "succeeded"
    second = await api.plan(kind="create", name="two", packages=["big"])
    assert second["download_bytes"] == 0
    assert 300_000 <= second["shared_bytes"] <= second["install_bytes"]
    assert second["added_bytes"] < 50_000


async def test_a_removal_frees_only_what_nothing_else_shares(
    api: Api, made: Any, tensorflow_channel: TinyChannel
) -> None:
    await api.apply(kind="install", environment=made["id"], specs=["big"])
    plan = await api.plan(kind="remove", environment=made["id"], packages=["big"])
    assert (plan["download_bytes"], plan["added_bytes"], plan["shared_bytes"]) == (0, 0, 0)
    assert plan["freed_bytes"] < 50_000
    # Without the cache, only the environment has the file.
    discard(api.services.package_cache)
    plan = await api.plan(kind="remove", environment=made["id"], packages=["big"])
    assert 300_000 <= plan["freed_bytes"] < 350_000


async def test_the_parts_of_a_package_belong_to_it(api: Api) -> None:
    """The package tensorflow is empty, and requires one build of tensorflow-base, which has all files."""
    plan = await api.plan(kind="create", name="one", tensorflow="2.19.*")
    parts = {entry["name"]: entry["to"]["parts"] for entry in plan["entries"]}
    assert parts["tensorflow"] == ["tensorflow-base"]
    assert {name for name, found in parts.items() if found} == {"tensorflow"}
