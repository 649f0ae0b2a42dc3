"""Test the move of TensorFlow between the sources, from the plan to an import: in a copy, in place, and back."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from .. import python_package
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .both_sources import add_project, by_name


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    """A channel with a real Python, TensorFlow, and a package that requires TensorFlow."""
    python_package.fill(channel, tmp_path / "pip")
    add_project(channel, "tensorflow", "2.19.0")
    channel.add("hub", "1.0", noarch="generic", depends=["python", "tensorflow"])
    channel.index()
    return channel


@pytest.fixture(autouse=True)
def wheel(simple_index: SimpleIndex) -> Path:
    """The same TensorFlow on the index, in a newer version, with a dependency of its own."""
    simple_index.add("flat", "1.0")
    files = {"tensorflow/__init__.py": "import flat\n__version__ = '2.20.0'\n"}
    return simple_index.add("tensorflow-cpu", "2.20.0", requires=["flat"], files=files)


async def imported(api: Api, name: str) -> str:
    """Import TensorFlow in an environment, and return its version."""
    python = Path((await api.environment(name))["prefix"], "bin", "python")
    command = [str(python), "-c", "import tensorflow; print(tensorflow.__version__)"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


async def test_in_a_copy_and_in_place_and_back(api: Api) -> None:
    await api.apply(kind="create", name="tf", packages=["tensorflow"])
    environment = await api.environment("tf")
    request = {"kind": "install", "environment": environment["id"], "specs": ["pypi:tensorflow-cpu"]}
    plan = await api.plan(**request)
    assert {name: (entry["action"], entry["source"]) for name, entry in by_name(plan).items()} == {
        "tensorflow": ("remove", "conda"),
        "tensorflow-cpu": ("install", "pypi"),
        "flat": ("install", "pypi"),
    }
    [warning] = [each for each in plan["warnings"] if each["code"] == "source-changes"]
    in_copy = warning["plan_request"]
    job = await api.apply(**in_copy)
    assert job["state"] == "succeeded", job
    assert (await imported(api, "tf"), await imported(api, in_copy["into"])) == ("2.19.0", "2.20.0")

    assert (await api.apply(**request))["state"] == "succeeded"
    assert await imported(api, "tf") == "2.20.0"

    job = await api.apply(kind="revert", environment=environment["id"], revision=0)
    assert job["state"] == "succeeded", job
    assert await imported(api, "tf") == "2.19.0"


async def test_a_package_of_the_channel_that_requires_its_tensorflow_leaves_with_a_warning(api: Api) -> None:
    await api.apply(kind="create", name="tf", packages=["tensorflow", "hub"])
    environment = await api.environment("tf")
    request = {"kind": "install", "environment": environment["id"], "specs": ["pypi:tensorflow-cpu"]}
    plan = await api.plan(**request)
    assert by_name(plan)["hub"]["action"] == "remove"
    [warning] = [each for each in plan["warnings"] if each["code"] == "requested-removed"]
    assert "hub" in warning["message"]
