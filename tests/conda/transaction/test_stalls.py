"""Test that a download which makes no progress ends, with an error that names its address."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest

from tfenv_lab import stalls
from tfenv_lab.conda.prefix.records import package_names
from tfenv_lab.errors import ChannelUnreachable

from ..conftest import Lab
from ..http_channel import HttpChannel


@pytest.fixture
def served(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Iterator[HttpChannel]:
    """Provide the lab's channel over HTTP, and a limit of half a second."""
    monkeypatch.setattr(stalls, "LIMIT", 0.5)
    server = HttpChannel(lab.channel.root)
    server.up()
    try:
        yield server
    finally:
        if server.hold is not None:
            server.hold.set()
        server.down()


def _create(lab: Lab, served: HttpChannel, hold: threading.Event | None = None) -> None:
    records = asyncio.run(lab.solve("app 1.0", url=served.url))
    served.hold = hold
    asyncio.run(lab.change("app 1.0", records=records))


def _require_stopped(lab: Lab, served: HttpChannel, hold: threading.Event | None = None) -> None:
    with pytest.raises(ChannelUnreachable, match="made no progress") as failed:
        _create(lab, served, hold)
    assert served.url in failed.value.message
    assert failed.value.hint is not None
    assert not lab.prefix.exists()
    assert lab.beside() == []


def test_a_server_that_never_answers_ends_the_change(lab: Lab, served: HttpChannel) -> None:
    _require_stopped(lab, served, threading.Event())


@pytest.mark.parametrize("cut", [0, 1, 200])
def test_a_server_that_goes_silent_ends_the_change(lab: Lab, served: HttpChannel, cut: int) -> None:
    served.cut = cut
    _require_stopped(lab, served, threading.Event())


def test_a_server_that_drips_ends_the_change(lab: Lab, served: HttpChannel) -> None:
    served_records = asyncio.run(lab.solve("app 1.0", url=served.url))
    served.pace = (1, 0.02)
    with pytest.raises(ChannelUnreachable, match="made no progress"):
        asyncio.run(lab.change("app 1.0", records=served_records))


def test_a_download_that_takes_longer_than_the_limit_succeeds_while_it_makes_progress(
    lab: Lab, served: HttpChannel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stalls, "LEAST", 40)
    records = asyncio.run(lab.solve("app 1.0", url=served.url))
    served.pace = (50, 0.05)
    asyncio.run(lab.change("app 1.0", records=records))
    assert {stem.name for stem in package_names(lab.prefix)} == {"app", "lib"}
