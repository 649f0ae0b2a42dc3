"""Test plans for packages that pip or uv installed in a terminal."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from .. import python_package
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .both_sources import add_project, by_hand, by_name, packages


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    return python_package.fill(channel, tmp_path / "pip")


async def test_a_package_that_pip_installed_is_adopted_and_updated(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.add("greet", "1.0")
    await api.apply(kind="create", name="new")
    environment = await api.environment("new")
    await by_hand(environment, "greet")
    assert (await packages(api, "new"))["greet"] == ("1.0", "pypi")
    simple_index.add("greet", "2.0")

    plan = await api.plan(kind="update", environment=environment["id"], packages="all")
    assert "greet" not in by_name(plan), "what pip installed stays, unless a request names it"
    job = await api.apply(kind="install", environment=environment["id"], specs=["pypi:greet==1.0"])
    assert job["state"] == "succeeded", job
    job = await api.apply(kind="update", environment=environment["id"], packages=["greet"])
    assert job["state"] == "succeeded", job
    assert (await packages(api, "new"))["greet"] == ("2.0", "pypi")
    site = next(Path(environment["prefix"]).glob("lib/python*/site-packages"))
    assert [path.name for path in site.glob("greet-*.dist-info")] == ["greet-2.0.dist-info"]


class TestOthers:
    """Packages that pip or uv installed in a terminal, in plans that name them."""

    async def installed(self, api: Api, *wanted: str) -> str:
        """Create an environment, install packages in it as in a terminal, and return its id."""
        await api.apply(kind="create", name="new")
        environment = await api.environment("new")
        await by_hand(environment, *wanted)
        return str(environment["id"])

    @pytest.mark.parametrize(
        "request_",
        [
            {"kind": "update", "packages": ["greet"]},
            {"kind": "install", "specs": ["pypi:greet"]},
            {"kind": "install", "specs": ["greet"]},
        ],
        ids=lambda each: " ".join(str(value) for value in each.values()),
    )
    async def test_a_package_from_a_path_is_not_silently_replaced_by_one_of_its_name(
        self, api: Api, simple_index: SimpleIndex, request_: dict[str, Any]
    ) -> None:
        mine = simple_index.add("greet", "1.0")
        identity = await self.installed(api, f"greet @ {mine.as_uri()}")
        simple_index.add("greet", "9.0")
        plan = await api.plan(environment=identity, **request_)
        assert by_name(plan)["greet"]["to"]["version"] == "9.0"
        [warning] = [each for each in plan["warnings"] if each["code"] == "pip-overwritten"]
        assert "installed from a path or a URL" in warning["message"]
        assert warning["items"] == ["greet"]

    async def test_a_package_from_the_index_is_updated_without_a_warning(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        simple_index.add("greet", "1.0")
        identity = await self.installed(api, "greet")
        simple_index.add("greet", "9.0")
        assert (await api.plan(kind="update", environment=identity, packages=["greet"]))["warnings"] == []

    async def test_a_removal_names_and_uninstalls_them(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "1.0", scripts={"greet": "#!python\nprint(1)\n"})
        identity = await self.installed(api, "greet")
        plan = await api.plan(kind="remove", environment=identity, packages=["greet"])
        entry = by_name(plan)["greet"]
        assert (entry["action"], entry["from"]["version"], entry["to"]) == ("remove", "1.0", None)
        job = await api.apply(kind="remove", environment=identity, packages=["greet"])
        assert job["state"] == "succeeded", job
        assert "greet" not in await packages(api, "new")

    async def test_a_removal_takes_ours_and_theirs_together(self, api: Api, simple_index: SimpleIndex) -> None:
        simple_index.add("greet", "1.0")
        simple_index.add("hello", "1.0")
        identity = await self.installed(api, "greet")
        await api.apply(kind="install", environment=identity, specs=["pypi:hello"])
        plan = await api.plan(kind="remove", environment=identity, packages=["greet", "hello"])
        assert {name: entry["action"] for name, entry in by_name(plan).items()} == {
            "greet": "remove",
            "hello": "remove",
        }
        job = await api.apply(kind="remove", environment=identity, packages=["greet", "hello"])
        assert job["state"] == "succeeded", job
        assert not {"greet", "hello"} & (await packages(api, "new")).keys()

    @pytest.mark.parametrize(
        ("spec", "action", "before"),
        [
            ("pypi:greet==1.0", "downgrade", "1.5"),
            ("pypi:greet==1.5", "install", None),
            ("pypi:greet==2.0", "upgrade", "1.5"),
        ],
    )
    async def test_an_adoption_says_the_version_before(
        self, api: Api, simple_index: SimpleIndex, spec: str, action: str, before: str | None
    ) -> None:
        for version in ("1.0", "1.5", "2.0"):
            simple_index.add("greet", version)
        identity = await self.installed(api, "greet==1.5")
        plan = await api.plan(kind="install", environment=identity, specs=[spec])
        entry = by_name(plan)["greet"]
        assert (entry["action"], entry["from"] and entry["from"]["version"]) == (action, before)

    async def test_one_over_condas_that_leaves_comes_from_the_index(
        self, api: Api, simple_index: SimpleIndex, tensorflow_channel: TinyChannel
    ) -> None:
        add_project(tensorflow_channel, "shapes", "2.0")
        tensorflow_channel.add("tensorflow", "2.20.0", noarch="generic", depends=["python", "shapes"])
        await asyncio.to_thread(tensorflow_channel.index)
        simple_index.add("tensorflow-cpu", "2.20.0", requires=["shapes"])
        simple_index.add("shapes", "1.9")
        await api.apply(kind="create", name="new", packages=["tensorflow"])
        environment = await api.environment("new")
        await by_hand(environment, "shapes==1.9")
        request = {"kind": "install", "environment": environment["id"], "specs": ["pypi:tensorflow-cpu"]}
        assert by_name(await api.plan(**request))["shapes"]["source"] == "pypi"
        await api.apply(**request)
        assert (await packages(api, "new"))["shapes"] == ("1.9", "pypi")

    @pytest.mark.parametrize("version", ["1.9", "2.0", "2.1"])
    async def test_a_package_of_a_channel_replaces_them(
        self, api: Api, simple_index: SimpleIndex, tensorflow_channel: TinyChannel, version: str
    ) -> None:
        add_project(tensorflow_channel, "shapes", "2.0")
        await asyncio.to_thread(tensorflow_channel.index)
        simple_index.add("shapes", version)
        identity = await self.installed(api, "shapes")
        request = {"kind": "install", "environment": identity, "specs": ["shapes"]}
        assert [each["code"] for each in (await api.plan(**request))["warnings"]] == ["pip-overwritten"]
        await api.apply(**request)
        assert (await packages(api, "new"))["shapes"] == ("2.0", "conda")
        site = next(Path((await api.environment("new"))["prefix"]).glob("lib/python*/site-packages"))
        assert [path.name for path in site.glob("shapes-*.dist-info")] == ["shapes-2.0.dist-info"]

    async def test_one_over_condas_does_not_move_with_another_package(
        self, api: Api, simple_index: SimpleIndex
    ) -> None:
        simple_index.add("numpy", "1.9")
        simple_index.add("greet", "1.0")
        await api.apply(kind="create", name="new", packages=["numpy"])
        environment = await api.environment("new")
        await by_hand(environment, "numpy==1.9")
        plan = await api.plan(kind="install", environment=environment["id"], specs=["pypi:greet"])
        assert list(by_name(plan)) == ["greet"]
        assert plan["warnings"] == []


class TestAdoption:
    """Packages that a change of ours installed and that pip then moved, before a request names them again."""

    async def moved(self, api: Api, simple_index: SimpleIndex, version: str) -> str:
        """Request ``greet>=1,<3`` and install another version with pip."""
        for each in ("1.0", "2.0"):
            simple_index.add("greet", each)
        job = await api.apply(kind="create", name="new", packages=["pypi:greet>=1,<3"])
        assert job["state"] == "succeeded", job
        for each in ("2.1", "3.0"):
            simple_index.add("greet", each)
        environment = await api.environment("new")
        await by_hand(environment, f"greet=={version}")
        return str(environment["id"])

    @pytest.mark.parametrize("other", [False, True], ids=["at once", "after another change"])
    async def test_a_bare_name_keeps_the_requirement(self, api: Api, simple_index: SimpleIndex, other: bool) -> None:
        identity = await self.moved(api, simple_index, "2.1")
        if other:
            await api.apply(kind="install", environment=identity, specs=["numpy"])
            assert (await packages(api, "new"))["greet"] == ("2.1", "pypi")
        job = await api.apply(kind="install", environment=identity, specs=["pypi:greet"])
        assert job["state"] == "succeeded", job
        simple_index.add("extra", "1.0", requires=["greet>=3"])
        request = {"kind": "install", "environment": identity, "specs": ["pypi:extra"]}
        status, error = await api.call("POST", "plans", request)
        assert (status, error["reason"]) == (422, "unsatisfiable"), "greet>=1,<3 holds again"

    async def test_an_update_goes_beyond_the_requirement(self, api: Api, simple_index: SimpleIndex) -> None:
        identity = await self.moved(api, simple_index, "2.1")
        job = await api.apply(kind="update", environment=identity, packages=["greet"])
        assert job["state"] == "succeeded", job
        assert (await packages(api, "new"))["greet"] == ("3.0", "pypi")

    async def test_a_requirement_that_pip_broke_does_not_count(self, api: Api, simple_index: SimpleIndex) -> None:
        identity = await self.moved(api, simple_index, "3.0")
        job = await api.apply(kind="install", environment=identity, specs=["pypi:greet"])
        assert job["state"] == "succeeded", job
        assert (await packages(api, "new"))["greet"] == ("3.0", "pypi")
