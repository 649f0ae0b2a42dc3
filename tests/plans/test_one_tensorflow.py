"""Test that an environment gets only one of the TensorFlow packages of an index, which have the same files."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from .. import python_package
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .both_sources import by_hand, by_name, packages


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    return python_package.fill(channel, tmp_path / "pip")


class TestOnlyOneTensorFlow:
    """Packages that require ``tensorflow`` beside ``tensorflow-cpu``, which has the same files."""

    @pytest.fixture(autouse=True)
    def projects(self, simple_index: SimpleIndex) -> None:
        for version in ("2.20.0", "2.21.0"):
            simple_index.add("tensorflow", version)
            simple_index.add("tensorflow-cpu", version)
        simple_index.add("tf-keras", "2.20.1", requires=["tensorflow<2.21,>=2.20"])
        simple_index.add("hub", "1.0", requires=["tf-keras"])

    async def versions(self, api: Api) -> dict[str, str]:
        found = await packages(api, "new")
        return {name: version for name, (version, _) in found.items() if name in ("tensorflow", "tensorflow-cpu")}

    async def create(self, api: Api, *texts: str) -> str:
        job = await api.apply(kind="create", name="new", packages=[f"pypi:{text}" for text in texts])
        assert job["state"] == "succeeded", job
        return str((await api.environment("new"))["id"])

    async def test_in_a_new_environment(self, api: Api) -> None:
        await self.create(api, "tensorflow-cpu==2.20.*", "hub")
        assert await self.versions(api) == {"tensorflow-cpu": "2.20.0"}

    async def test_with_the_version_that_the_others_support(self, api: Api) -> None:
        await self.create(api, "tensorflow-cpu", "hub")
        assert await self.versions(api) == {"tensorflow-cpu": "2.20.0"}

    async def test_when_a_package_is_added_and_updated(self, api: Api, simple_index: SimpleIndex) -> None:
        identity = await self.create(api, "tensorflow-cpu==2.20.*")
        job = await api.apply(kind="install", environment=identity, specs=["pypi:tf-keras"])
        assert job["state"] == "succeeded", job
        assert await self.versions(api) == {"tensorflow-cpu": "2.20.0"}
        simple_index.add("tf-keras", "2.21.0", requires=["tensorflow<2.22,>=2.21"])
        job = await api.apply(kind="update", environment=identity, packages=["tensorflow-cpu"])
        assert job["state"] == "succeeded", job
        assert await self.versions(api) == {"tensorflow-cpu": "2.21.0"}

    async def test_a_package_for_another_version_cannot_be_added(self, api: Api, simple_index: SimpleIndex) -> None:
        identity = await self.create(api, "tensorflow-cpu==2.21.*")
        status, answer = await api.call(
            "POST", "plans", {"kind": "install", "environment": identity, "specs": ["pypi:tf-keras"]}
        )
        assert (status, answer["reason"]) == (422, "unsatisfiable"), answer

    @pytest.mark.parametrize(("first", "second"), [("tensorflow-cpu", "tensorflow"), ("tensorflow", "tensorflow-cpu")])
    async def test_another_one_takes_its_place(self, api: Api, first: str, second: str) -> None:
        identity = await self.create(api, f"{first}==2.20.*")
        request = {"kind": "install", "environment": identity, "specs": [f"pypi:{second}"]}
        plan = await api.plan(**request)
        assert {name: entry["action"] for name, entry in by_name(plan).items()} == {first: "remove", second: "install"}
        assert "requested-removed" not in [each["code"] for each in plan["warnings"]]
        await api.apply(**request)
        assert await self.versions(api) == {second: "2.21.0"}

    async def test_another_one_takes_the_place_of_that_of_pip(self, api: Api) -> None:
        await api.apply(kind="create", name="new")
        environment = await api.environment("new")
        await by_hand(environment, "tensorflow==2.20.0")
        request = {"kind": "install", "environment": environment["id"], "specs": ["pypi:tensorflow-cpu"]}
        plan = await api.plan(**request)
        assert by_name(plan)["tensorflow"]["action"] == "remove"
        await api.apply(**request)
        assert await self.versions(api) == {"tensorflow-cpu": "2.21.0"}

    @pytest.mark.parametrize("version", ["2.20.*", "2.21.*"])
    async def test_a_channel_can_take_it_back(self, api: Api, tensorflow_channel: TinyChannel, version: str) -> None:
        tensorflow_channel.add("tensorflow", "2.20.0", noarch="generic", depends=["python"])
        await asyncio.to_thread(tensorflow_channel.index)
        identity = await self.create(api, f"tensorflow-cpu=={version}")
        request = {"kind": "install", "environment": identity, "specs": [f"{tensorflow_channel.url}::tensorflow"]}
        plan = await api.plan(**request)
        found = by_name(plan)
        assert {name: (entry["action"], entry["source"]) for name, entry in found.items()} == {
            "tensorflow": ("install", "conda"),
            "tensorflow-cpu": ("remove", "pypi"),
        }
        moves = ["tensorflow-minor"] if version == "2.21.*" else []
        assert [each["code"] for each in plan["warnings"]] == [*moves, "source-changes"]
        await api.apply(**request)
        assert await self.versions(api) == {"tensorflow": "2.20.0"}

    async def test_its_removal_needs_no_warning(self, api: Api) -> None:
        identity = await self.create(api, "tensorflow-cpu")
        plan = await api.plan(kind="remove", environment=identity, packages=["tensorflow"])
        assert by_name(plan)["tensorflow-cpu"]["action"] == "remove"
        assert plan["warnings"] == []

    async def test_the_whole_tensorflow_is_installed_where_nothing_else_is(self, api: Api) -> None:
        await self.create(api, "hub")
        assert await self.versions(api) == {"tensorflow": "2.20.0"}
