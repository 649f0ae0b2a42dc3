"""Test which installed packages have a newer version."""

from __future__ import annotations

import asyncio
import shutil
from typing import Any

import pytest

from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel


async def newer(api: Api, environment: Any, *names: str) -> dict[str, tuple[str, str]]:
    status, body = await api.call("GET", f"environments/{environment['id']}/newer-packages?names={','.join(names)}")
    assert status == 200, body
    return {each["name"]: (each["version"], each["source"]) for each in body["packages"]}


async def test_only_packages_with_a_newer_version_are_named(api: Api, made: Any) -> None:
    found = await newer(api, made, "numpy", "python", "tensorflow", "nothing")
    assert found == {"numpy": ("2.2.0", "conda"), "tensorflow": ("2.20.0", "conda")}


async def test_only_the_packages_in_the_question_are_compared(api: Api, made: Any) -> None:
    assert list(await newer(api, made, "numpy")) == ["numpy"]


@pytest.mark.parametrize("version", ["3.0.0.dev1", "3.0.0rc1"])
async def test_a_prerelease_is_not_newer(version: str, api: Api, made: Any, tensorflow_channel: TinyChannel) -> None:
    tensorflow_channel.add("numpy", version, noarch="generic", depends=["python"])
    await asyncio.to_thread(tensorflow_channel.index)
    assert (await newer(api, made, "numpy"))["numpy"][0] == "2.2.0"


async def test_a_channel_that_does_not_answer_has_no_newer_version(
    api: Api, made: Any, tensorflow_channel: TinyChannel
) -> None:
    shutil.rmtree(tensorflow_channel.root)
    assert await newer(api, made, "numpy") == {}


async def test_a_package_of_the_index(simple_index: SimpleIndex, api: Api, made: Any) -> None:
    for version in ("1.0", "1.2", "2.0rc1"):
        simple_index.add("greet", version)
    job = await api.apply(kind="install", environment=made["id"], specs=["pypi:greet==1.0"])
    assert job["state"] == "succeeded", job
    assert await newer(api, made, "greet") == {"greet": ("1.2", "pypi")}
    await api.apply(kind="install", environment=made["id"], specs=["pypi:greet==1.2"])
    assert await newer(api, made, "greet") == {}


async def test_a_question_needs_names(api: Api, made: Any) -> None:
    path = f"environments/{made['id']}/newer-packages"
    assert (await api.call("GET", path))[0] == 400
    assert (await api.call("GET", f"{path}?names={','.join(f'p{i}' for i in range(201))}"))[0] == 400
