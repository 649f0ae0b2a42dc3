"""A local channel of an earlier version, which also had TensorFlow, and environments from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, fill

#: Nothing listens on the discard port.
NOWHERE = "http://127.0.0.1:9/nowhere"


@pytest.fixture
def tensorflow_channel(clean_home: Path) -> TinyChannel:
    """The channel as version 0.1.0 left it: built, and in use instead of the configured channel."""
    name = "tensorflow-2.19-2.20-5f3d1c2a"
    channel = fill(TinyChannel(clean_home / ".cache/tfenv_lab/channel" / name))
    manifest = {
        "digest": "5f3d1c2a0e",
        "recipe": 3,
        "tensorflow": ["2.19", "2.20"],
        "packages": ["tf-keras"],
        "python": f"{PYTHON}.9",
        "subdir": "linux-64",
        "interpreter": {"version": f"{PYTHON}.9", "executable": "/usr/bin/python3"},
        "releases": ["2.19.1", "2.20.0"],
    }
    (channel.root / "wheelchannel.json").write_text(json.dumps(manifest))
    choice = clean_home / ".local/state/tfenv_lab/local-channel.json"
    choice.parent.mkdir(parents=True)
    choice.write_text(json.dumps({"url": channel.url, "instead_of": [NOWHERE]}))
    return channel


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"channels": [NOWHERE]}


async def test_it_is_still_in_use(api: Api, tensorflow_channel: TinyChannel) -> None:
    _, found = await api.call("GET", "status")
    assert found["local_channel"]["active"]
    assert [ref["url"] for ref in found["channels"]] == [tensorflow_channel.url]
    _, catalog = await api.call("GET", "tensorflow")
    assert {"2.20.0", "2.19.1"} <= {release["version"] for release in catalog["releases"]}


async def test_its_environments_are_listed_updated_and_reverted(api: Api, made: Any) -> None:
    job = await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
    assert job["state"] == "succeeded", job
    assert (await api.environment("tf"))["tensorflow"]["version"] == "2.20.0"
    job = await api.apply(kind="revert", environment=made["id"], revision=0)
    assert job["state"] == "succeeded", job
    assert (await api.environment("tf"))["tensorflow"]["version"] == "2.19.1"


async def test_its_environments_stay_when_a_new_channel_replaces_it(
    api: Api, made: Any, tensorflow_channel: TinyChannel, only_this_python: Path
) -> None:
    job = await api.apply(kind="update", environment=made["id"], packages=["tensorflow"])
    assert job["state"] == "succeeded", job
    _, job = await api.call("POST", "local-channel")
    job = await api.finished(job["id"], seconds=300)
    assert job["state"] == "succeeded", job
    _, found = await api.call("GET", "status")
    [used] = found["channels"]
    assert used["url"] != tensorflow_channel.url
    assert (tensorflow_channel.root / "wheelchannel.json").is_file()

    listed = await api.environment("tf")
    assert (listed["tensorflow"]["version"], listed["protected"]) == ("2.20.0", False)
    _, packages = await api.call("GET", f"environments/{made['id']}/packages")
    assert "tensorflow" in [package["name"] for package in packages["packages"]]
    status, text = await api.call("GET", f"environments/{made['id']}/export?format=explicit")
    assert (status, tensorflow_channel.url in text) == (200, True)
    job = await api.apply(kind="revert", environment=made["id"], revision=0)
    assert job["state"] == "succeeded", job
    assert (await api.environment("tf"))["tensorflow"]["version"] == "2.19.1"
    job = await api.apply(kind="remove", environment=made["id"], packages=["pip"])
    assert job["state"] == "succeeded", job


async def test_a_check_of_its_environment_runs_with_a_new_channel(api: Api, made: Any, only_this_python: Path) -> None:
    _, job = await api.call("POST", "local-channel")
    assert (await api.finished(job["id"], seconds=300))["state"] == "succeeded"
    _, job = await api.call("POST", f"environments/{made['id']}/checks")
    job = await api.finished(job["id"])
    assert (job["state"], job["result"]["tensorflow"]) == ("succeeded", "2.19.1")
