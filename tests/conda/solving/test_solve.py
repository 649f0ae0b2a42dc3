from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import rattler
from rattler.exceptions import SolverError

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelPriority, ChannelRef
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.conda.solving.solve import solve
from tfenv_lab.errors import SolverTimeout, Unsatisfiable

from ...tiny_channel import TinyChannel


@pytest.fixture
def other(tmp_path_factory: pytest.TempPathFactory) -> TinyChannel:
    return TinyChannel(tmp_path_factory.mktemp("other"))


def solved(priority: ChannelPriority, channels: list[TinyChannel], *specs: str) -> list[str]:
    """Return the versions of the package ``lib`` in the solution."""
    refs = tuple(ChannelRef(str(number), channel.index()) for number, channel in enumerate(channels))
    repodata = Repodata(CondaSettings(refs, (), (), channel_priority=priority))
    records = asyncio.run(solve(repodata, specs))
    return [str(record.version) for record in records if record.name.normalized == "lib"]


class TestChannelPriority:
    """The rules are those of conda's solvers ("Managing channels" in conda's documentation)."""

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

    def test_flexible_uses_a_later_channel_if_the_first_has_no_match(
        self, channel: TinyChannel, other: TinyChannel
    ) -> None:
        assert solved("flexible", [channel, other], "lib") == ["2.0"]
        assert solved("flexible", [channel, other], "lib <2") == ["1.0"]

    def test_disabled_takes_the_newest_of_all(self, channel: TinyChannel, other: TinyChannel) -> None:
        assert solved("disabled", [channel, other], "lib") == ["3.0"]


class TestTimeout:
    def test_a_cancelled_solve_is_not_told_as_unsatisfiable(
        self, channel: TinyChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def cancel(*_: object, **__: object) -> None:
            raise SolverError("Solve operation has been cancelled")

        channel.add("lib", "1.0")
        monkeypatch.setattr(rattler, "solve", cancel)
        with pytest.raises(SolverTimeout) as late:
            solved("strict", [channel], "lib")
        assert late.value.message == "The solver did not find a solution within 60 seconds."
        assert late.value.hint == "Try again, or request fewer packages."

    def test_rattler_still_words_a_timeout_in_this_way(
        self, channel: TinyChannel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for version in range(20):
            channel.add("lib", str(version), depends=[f"part <{version}"])
            channel.add("part", str(version))
        monkeypatch.setattr("tfenv_lab.conda.solving.solve.TIMEOUT", timedelta(microseconds=1))
        with pytest.raises(SolverTimeout):
            solved("strict", [channel], "lib")
