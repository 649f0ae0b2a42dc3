"""While jobs run or wait, the server counts as active, so that nothing ends it because it is idle."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from tfenv_lab.jobs import running

from ..conftest import Api
from ..tiny_tensorflow import PYTHON

LONG_AGO = datetime.now(timezone.utc) - timedelta(days=1)


@contextlib.asynccontextmanager
async def _job(api: Api) -> AsyncIterator[None]:
    """Have a job that waits for its turn, and let it end afterwards."""
    slots = api.services.jobs.running.slots
    for _ in range(2):
        await slots.acquire()
    plan = await api.plan(kind="create", name="tf", python=PYTHON)
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    yield
    for _ in range(2):
        slots.release()
    await api.finished(job["id"])


def _make_idle(server: Any) -> None:
    """Let all that the server counts as activity have been long ago, also the requests of this test."""
    for name, value in list(server.web_app.settings.items()):
        if name == "started" or name.endswith("_last_activity"):
            server.web_app.settings[name] = LONG_AGO if isinstance(value, datetime) else value
    server.web_app.settings["last_activity_times"].clear()
    server.web_app.settings["api_last_activity"] = LONG_AGO
    server.kernel_manager.last_kernel_activity = LONG_AGO


async def test_an_idle_server_is_not_shut_down_while_a_job_runs(
    api: Api, jp_serverapp: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops: list[bool] = []
    monkeypatch.setattr(jp_serverapp, "stop", lambda: stops.append(True))
    jp_serverapp.shutdown_no_activity_timeout = 60
    async with _job(api):
        _make_idle(jp_serverapp)
        jp_serverapp.shutdown_no_activity()
        assert stops == []
    # The job has told its end, but is stored a moment later.
    for _ in range(1000):
        _make_idle(jp_serverapp)
        jp_serverapp.shutdown_no_activity()
        if stops:
            break
        await asyncio.sleep(0.01)
    assert stops == [True]


async def test_programs_that_ask_for_the_last_activity_hear_of_the_job(
    api: Api, jp_serverapp: Any, jp_fetch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "BEAT", 0.01)
    async with _job(api):
        _make_idle(jp_serverapp)
        assert jp_serverapp.web_app.last_activity() == LONG_AGO
        while jp_serverapp.web_app.last_activity() == LONG_AGO:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("path", ["environments", "jobs"])
async def test_what_an_open_panel_asks_for_is_no_activity(api: Api, jp_serverapp: Any, path: str) -> None:
    assert (await api.call("GET", path))[0] == 200
    _make_idle(jp_serverapp)
    assert (await api.call("GET", path))[0] == 200
    assert jp_serverapp.web_app.last_activity() == LONG_AGO
    # What a user asks for is.
    assert (await api.call("GET", "disk"))[0] == 200
    assert jp_serverapp.web_app.last_activity() != LONG_AGO
