"""Where only a local channel answers, a file that names other channels is taken, with a warning."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel

FILE = "channels: [conda-forge, nvidia]\ndependencies: [python]\n"


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    """The configured channel, as the builder of local channels marks it."""
    (tensorflow_channel.root / "wheelchannel.json").write_text("{}")
    return tensorflow_channel


async def test_its_channels_are_left_out(api: Api) -> None:
    plan = await api.plan(kind="import", name="new", content=FILE)
    [left] = [warning for warning in plan["warnings"] if warning["code"] == "channels-left-out"]
    assert left["items"] == ["conda-forge", "nvidia"]
    assert "The packages come from file://" in left["message"]


@pytest.mark.parametrize("settings", [{"allowed_channels": ["defaults"]}])
async def test_an_administrator_can_forbid_them_all_the_same(api: Api, settings: dict[str, Any]) -> None:
    status, error = await api.call("POST", "plans", {"kind": "import", "name": "new", "content": FILE})
    assert (status, error["reason"]) == (403, "channel-not-allowed")
