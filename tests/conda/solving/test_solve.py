from __future__ import annotations

import asyncio

import pytest

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.conda.settings.condarc import ChannelPriority, CondaSettings
from tfenv_lab.conda.solving.solve import solve
from tfenv_lab.errors import Unsatisfiable

from ...tiny_channel import TinyChannel


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> TinyChannel:
    return TinyChannel(tmp_path_factory.mktemp("other"))


def solved(priority: ChannelPriority, channels: list[TinyChannel], *specs: str) -> list[str]:
    """Return the versions that come of the package ``lib``."""
    refs = tuple(ChannelRef(str(number), channel.index()) for number, channel in enumerate(channels))
    repodata = Repodata(CondaSettings(refs, (), (), channel_priority=priority))
    records = asyncio.run(solve(repodata, specs))
    return [str(record.version) for record in records if record.name.normalized == "lib"]


class TestChannelPriority:
    """As conda's solvers have it ("Managing channels" in conda's documentation)."""

    @pytest.fixture(autouse=True)
    def fill(self, channel: TinyChannel, other: TinyChannel) -> None:
        channel.add("lib", "2.0")
        other.add("lib", "1.0")
        other.add("lib", "3.0")

    def test_strict_takes_a_name_from_the_first_channel_that_has_it(
        self, channel: TinyChannel, other: TinyChannel
    ) -> None:
        assert solved("strict", [channel, other], "lib") == ["2.0"]
        with pytest.raises(Unsatisfiable) as refused:
            solved("strict", [channel, other], "lib <2")
        assert "strict channel priority" in str(refused.value.details)

    def test_flexible_goes_on_where_the_first_channel_has_none_that_is_asked_for(
        self, channel: TinyChannel, other: TinyChannel
    ) -> None:
        assert solved("flexible", [channel, other], "lib") == ["2.0"]
        assert solved("flexible", [channel, other], "lib <2") == ["1.0"]

    def test_disabled_takes_the_newest_of_all(self, channel: TinyChannel, other: TinyChannel) -> None:
        assert solved("disabled", [channel, other], "lib") == ["3.0"]
