"""Test plans that install some packages and remove others."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import fill


@pytest.fixture
def tensorflow_channel(channel: TinyChannel) -> TinyChannel:
    """The tiny TensorFlow, with packages that exclude each other or share a dependency."""
    fill(channel)
    channel.add("shared", "1.0", noarch="generic")
    channel.add("old-tool", "1.0", noarch="generic", depends=["shared"], constrains=["new-tool <0"])
    channel.add("new-tool", "1.0", noarch="generic", depends=["shared"])
    channel.index()
    return channel


def actions(plan: Any) -> dict[str, str]:
    return {entry["name"]: entry["action"] for entry in plan["entries"]}


async def test_packages_and_versions_are_added_and_removed_in_one_plan(api: Api, made: Any) -> None:
    await api.apply(kind="install", environment=made["id"], specs=["old-tool"])
    job = await api.apply(
        kind="install", environment=made["id"], specs=["pandas", "numpy=2.2"], remove=["old-tool", "pip"]
    )
    assert job["state"] == "succeeded", job
    _, found = await api.call("GET", f"environments/{made['id']}/packages")
    packages = {package["name"]: package["version"] for package in found["packages"]}
    assert (packages["pandas"], packages["numpy"]) == ("2.2.0", "2.2.0")
    assert not packages.keys() & {"old-tool", "pip", "shared"}
    _, found = await api.call("GET", f"environments/{made['id']}/revisions")
    assert found["revisions"][0]["asked"] == "Install pandas, numpy=2.2; remove old-tool, pip"


async def test_a_removed_package_does_not_stand_in_the_way_of_a_new_one(
    api: Api, made: Any, channel: TinyChannel
) -> None:
    await api.apply(kind="install", environment=made["id"], specs=["old-tool"])
    assert (await api.call("POST", "plans", {"kind": "install", "environment": made["id"], "specs": ["new-tool"]}))[
        0
    ] == 422
    # A newer release of what both need must not come along.
    channel.add("shared", "2.0", noarch="generic")
    await asyncio.to_thread(channel.index)
    plan = await api.plan(kind="install", environment=made["id"], specs=["new-tool"], remove=["old-tool"])
    assert actions(plan) == {"new-tool": "install", "old-tool": "remove"}
    assert plan["commands"][0] == "conda remove --name tf --force old-tool"
    copy = await api.plan(kind="install", environment=made["id"], specs=["new-tool"], remove=["old-tool"], into="two")
    assert "old-tool" not in {name for name, action in actions(copy).items() if action != "remove"}


async def test_what_needs_a_removed_package_goes_too_and_is_named(api: Api, made: Any) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["old-tool"], remove=["keras"])
    assert {name for name, action in actions(plan).items() if action == "remove"} >= {"keras", "tensorflow"}
    named = [warning["message"] for warning in plan["warnings"] if warning["code"] == "requested-removed"]
    assert named == ["tensorflow, which you requested, is removed too."]


@pytest.mark.parametrize(
    ("specs", "remove", "reason", "message"),
    [
        (["pandas"], ["numpy"], "invalid-request", "“numpy” cannot be removed. pandas would need it."),
        (["pip"], ["pip"], "invalid-request", "“pip” cannot be removed. The same request installs it."),
        (["pandas"], ["nowhere"], "not-found", "“nowhere” is not installed in this environment."),
        (["pandas"], ["--force"], "invalid-spec", "“--force” is not a package name."),
        (["pandas"], "numpy", "invalid-request", "“remove” must be a list of strings."),
        ([], ["numpy"], "invalid-request", "“specs” must name at least one package."),
    ],
)
async def test_a_request_that_cannot_be_met_names_the_package(
    api: Api, made: Any, specs: list[str], remove: Any, reason: str, message: str
) -> None:
    body = {"kind": "install", "environment": made["id"], "specs": specs, "remove": remove}
    _, error = await api.call("POST", "plans", body)
    assert (error["reason"], error["message"]) == (reason, message)


async def test_packages_of_both_sources_are_exchanged(api: Api, made: Any, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0", requires=["hello"])
    simple_index.add("hello", "1.0")
    simple_index.add("wave", "1.0")
    await api.apply(kind="install", environment=made["id"], specs=["pypi:greet"])
    plan = await api.plan(
        kind="install", environment=made["id"], specs=["pandas", "pypi:wave"], remove=["greet", "pip"]
    )
    assert actions(plan) == {
        "pandas": "install",
        "wave": "install",
        "greet": "remove",
        "hello": "remove",
        "pip": "remove",
    }
    job = await api.apply(kind="install", environment=made["id"], specs=["pypi:wave"], remove=["greet"])
    assert job["state"] == "succeeded", job
    found = {path.name for path in Path(made["prefix"]).glob("lib/python*/site-packages/*.dist-info")}
    assert found & {"wave-1.0.dist-info", "greet-1.0.dist-info", "hello-1.0.dist-info"} == {"wave-1.0.dist-info"}
