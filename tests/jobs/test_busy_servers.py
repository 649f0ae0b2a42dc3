"""A server that is busy (429, 503) and says when to try again (Retry-After) is asked again then, not before."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from itertools import pairwise
from typing import Any

import pytest

from tfenv_lab import postponement
from tfenv_lab.cli.app import TfenvApp

from ..conda.http_channel import HttpChannel
from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON


@pytest.fixture
def served(tensorflow_channel: TinyChannel) -> Iterator[HttpChannel]:
    tensorflow_channel.add("tool", "1.0", noarch="generic")
    tensorflow_channel.index()
    server = HttpChannel(tensorflow_channel.root)
    server.up()
    yield server
    server.down()


@pytest.fixture
def jp_server_config(served: HttpChannel) -> dict[str, Any]:
    return {
        "ServerApp": {"jpserver_extensions": {"tfenv_lab": True}},
        "TfenvLab": {"channels": [served.url], "check_after_change": False},
    }


#: Seconds that a server asks for; the engines themselves wait for less between two requests.
ASKED = 6.0


class Busy:
    """Refuses paths with a suffix until it is left alone for ``seconds``. ``times`` are those of all requests."""

    def __init__(self, suffix: str, status: int, header: str | None = None, seconds: float = 1e9) -> None:
        self._suffix, self._status, self._header, self._seconds = suffix, status, header, seconds
        self.times: list[float] = []

    def __call__(self, path: str) -> tuple[int, str] | None:
        if not path.endswith(self._suffix):
            return None
        self.times.append(time.monotonic())
        if any(later - before >= self._seconds for before, later in pairwise(self.times)):
            return None
        date = datetime.now(timezone.utc) + timedelta(seconds=ASKED + 1)
        return self._status, self._header or format_datetime(date, usegmt=True)


#: Both statuses and both forms of the header; None is a date.
FORMS = [
    pytest.param(429, str(int(ASKED)), id="seconds"),
    pytest.param(503, None, id="date"),
    pytest.param(503, str(int(ASKED)), id="seconds-503", marks=pytest.mark.long),
    pytest.param(429, None, id="date-429", marks=pytest.mark.long),
]


@pytest.mark.parametrize(("status", "header"), FORMS)
async def test_a_package_is_fetched_when_the_channel_permits_it(
    api: Api, made: Any, served: HttpChannel, status: int, header: str | None
) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["tool"])
    served.busy = Busy(".conda", status, header, ASKED - 0.5)
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    told = re.compile(rf"Waiting until \d\d:\d\d:\d\d, because 127.0.0.1 is busy \(HTTP status {status}\)")
    waits = []
    while not job["finished"]:
        _, job = await api.call("GET", f"jobs/{job['id']}")
        assert bool(told.fullmatch(job["message"])) is (job["waiting_for"] is not None), job
        waits += [job["waiting_for"]] if job["waiting_for"] else []
        await asyncio.sleep(0.05)
    assert job["state"] == "succeeded", (job["error"], job["message"])
    assert {(wait["host"], wait["status"]) for wait in waits} == {("127.0.0.1", status)}
    until = datetime.fromisoformat(waits[-1]["until"])
    assert timedelta() <= datetime.now(timezone.utc) - until < timedelta(minutes=1)


@pytest.mark.parametrize("header", ["-1", "soon", "", "1.5"])
async def test_without_a_valid_time_the_job_fails_as_always(
    api: Api, made: Any, served: HttpChannel, header: str
) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["tool"])
    served.busy = Busy(".conda", 429, header)
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    job = await api.finished(job["id"])
    assert (job["state"], job["error"]["reason"]) == ("failed", "channel-unreachable")
    assert "The package tool-1.0-0 could not be downloaded." in job["message"]


@pytest.mark.parametrize(("header", "told"), [("7200", "2 h"), ("315360000", "3650 days"), ("9" * 99, "36500 days")])
async def test_a_time_that_is_too_long_is_told(
    api: Api, made: Any, served: HttpChannel, header: str, told: str
) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["tool"])
    served.busy = busy = Busy(".conda", 503, header)
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    job = await api.finished(job["id"])
    assert (job["state"], job["error"]["reason"]) == ("failed", "channel-unreachable")
    assert f"The server asks for no request in the next {told}" in job["error"]["hint"]
    # The engine tries again a few times by itself.
    assert len(busy.times) < 8


async def test_a_server_that_is_always_busy_is_not_asked_for_ever(api: Api, made: Any, served: HttpChannel) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["tool"])
    served.busy = busy = Busy(".conda", 429, "0")
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    job = await api.finished(job["id"], 120)
    assert job["state"] == "failed"
    assert "Try again at" in job["error"]["hint"]
    assert busy.times[-1] - busy.times[0] >= postponement.MOST


async def test_a_job_that_waits_can_be_cancelled(api: Api, made: Any, served: HttpChannel) -> None:
    plan = await api.plan(kind="install", environment=made["id"], specs=["tool"])
    served.busy = Busy(".conda", 503, "200")
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    while not job["message"].startswith("Waiting until"):
        assert not job["finished"], job
        _, job = await api.call("GET", f"jobs/{job['id']}")
        await asyncio.sleep(0.05)
    assert (await api.call("DELETE", f"jobs/{job['id']}"))[0] in (200, 202, 204)
    job = await api.finished(job["id"])
    assert (job["state"], job["waiting_for"]) == ("cancelled", None)


def test_a_command_says_for_whom_it_waits_and_until_when(
    served: HttpChannel, capsys: pytest.CaptureFixture[str]
) -> None:
    served.busy = Busy("numpy-2.1.0-0.conda", 429, str(int(ASKED)), ASKED - 0.5)
    app = TfenvApp()
    with pytest.raises(SystemExit) as ended:
        command = ["create", "tf", "numpy 2.1.*", "--tensorflow=2.19.*", f"--python={PYTHON}"]
        app.initialize([*command, f"--TfenvLab.channels={served.url}"])
        app.start()
    err = capsys.readouterr().err
    assert not ended.value.code, err
    assert len(re.findall(r"^Waiting until \S+, because 127.0.0.1 is busy \(HTTP status 429\)\.$", err, re.M)) == 1


@pytest.mark.parametrize("status", [429, 503])
async def test_a_busy_channel_says_when_to_try_again(api: Api, served: HttpChannel, status: int) -> None:
    api.services.repodata.clear()
    served.busy = Busy("", status, "90")
    code, error = await api.call(
        "POST", "plans", {"kind": "create", "name": "a", "tensorflow": "2.19.*", "python": PYTHON}
    )
    if code == 201:
        # The data of the channel were fetched before; they are used.
        assert error["warnings"], error
        return
    assert (code, error["reason"]) == (502, "channel-unreachable")
    assert "The server asks for no request in the next 2 min." in error["hint"]


@pytest.mark.parametrize(("status", "header"), FORMS)
async def test_a_wheel_is_fetched_when_the_index_permits_it(
    simple_index: SimpleIndex, api: Api, made: Any, status: int, header: str | None
) -> None:
    simple_index.add("wheely")
    plan = await api.plan(kind="install", environment=made["id"], specs=["pypi: wheely"])
    simple_index.busy = Busy(".whl", status, header, ASKED - 0.5)
    _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
    job = await api.finished(job["id"], 120)
    assert job["state"] == "succeeded", (job["error"], job["message"])


async def test_a_busy_index_is_not_asked_before_its_time(simple_index: SimpleIndex, api: Api, made: Any) -> None:
    simple_index.add("wheely")
    simple_index.busy = busy = Busy("", 503, "600")
    code, error = await api.call(
        "POST", "plans", {"kind": "install", "environment": made["id"], "specs": ["pypi: wheely"]}
    )
    assert (code, error["reason"]) == (502, "index-unreachable"), error
    assert "The server asks for no request in the next 10 min. Try again at" in error["hint"]
    assert busy.times
