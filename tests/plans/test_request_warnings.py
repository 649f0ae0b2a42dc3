"""Test the warnings about what a plan does to requested packages, each from a real change of a tiny environment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import fill


async def test_downgrading_a_requested_package_gives_a_warning(api: Api, made: Any) -> None:
    await api.apply(kind="install", environment=made["id"], specs=["numpy 2.2.*"])
    plan = await api.plan(kind="install", environment=made["id"], specs=["numpy 2.1.*"])
    assert [warning["code"] for warning in plan["warnings"]] == ["requested-downgrade"]


class TestHeldBack:
    """An update that cannot move a package because of an earlier request."""

    @pytest.fixture
    def tensorflow_channel(self, channel: TinyChannel) -> TinyChannel:
        channel.add("fast", "1.0", noarch="generic", depends=["python", "numpy"])
        return fill(channel)

    @pytest.fixture
    def newer(self, made: Any, tensorflow_channel: TinyChannel) -> None:
        tensorflow_channel.add("fast", "2.0", noarch="generic", depends=["python", "numpy >=2.2"])
        tensorflow_channel.index()

    async def test_the_warning_offers_to_update_both(self, api: Api, made: Any, newer: None) -> None:
        await api.apply(kind="install", environment=made["id"], specs=["fast <2"])
        history = Path(made["prefix"], "conda-meta", "history")
        history.write_text(history.read_text().replace("fast <2", "fast"))
        plan = await api.plan(kind="update", environment=made["id"], packages=["fast"])
        assert plan["entries"] == []
        [warning] = plan["warnings"]
        assert warning["code"] == "held-back"
        assert warning["message"] == (
            "fast 2.0 is available, but “numpy 2.1.*”, which you requested earlier, holds it back."
        )
        plan = await api.plan(**warning["plan_request"])
        assert {e["name"]: e["to"]["version"] for e in plan["entries"]} == {"fast": "2.0", "numpy": "2.2.0"}

    async def test_the_newest_version_is_not_held_back(self, api: Api, made: Any) -> None:
        await api.apply(kind="install", environment=made["id"], specs=["fast"])
        plan = await api.plan(kind="update", environment=made["id"], packages=["fast"])
        assert (plan["entries"], plan["warnings"]) == ([], [])
