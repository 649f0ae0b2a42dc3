"""A server tells clients that the environments changed, as long as one of them asks now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.environments import watching

from ..conftest import Api


@pytest.fixture
def told(api: Api, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[asyncio.Event]:
    monkeypatch.setattr(watching, "INTERVAL", 0.05)
    event = asyncio.Event()

    async def listen(logger: Any, schema_id: str, data: Any) -> None:
        assert data == {}
        event.set()

    jp_serverapp.event_logger.add_listener(schema_id=watching.SCHEMA_ID, listener=listen)
    yield event


def _make(api: Api, name: str) -> Path:
    meta = Path(api.services.envs_dir) / name / "conda-meta"
    meta.mkdir(parents=True)
    (meta / "history").touch()
    return meta.parent


async def _list(api: Api) -> list[str]:
    _, found = await api.call("GET", "environments")
    return [each["name"] for each in found["environments"]]


async def test_an_environment_that_is_made_in_a_terminal(api: Api, told: asyncio.Event) -> None:
    await _list(api)
    _make(api, "made")
    await asyncio.wait_for(told.wait(), 30)
    assert "made" in await _list(api)


async def test_every_change_is_told_even_if_another_client_saw_it_first(api: Api, told: asyncio.Event) -> None:
    await _list(api)
    _make(api, "made")
    await _list(api)
    await asyncio.wait_for(told.wait(), 30)


async def test_nothing_is_told_without_a_change(api: Api, told: asyncio.Event) -> None:
    await _list(api)
    await asyncio.sleep(0.5)
    assert not told.is_set()


async def test_the_server_looks_no_longer_when_nobody_asks(
    api: Api, told: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "KEEP", 0.1)
    await _list(api)
    await asyncio.sleep(0.5)
    _make(api, "made")
    await asyncio.sleep(0.5)
    assert not told.is_set()
