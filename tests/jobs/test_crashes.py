"""The error of a job whose worker crashed or was killed names the package that the engine worked on."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..shims import built
from ..tiny_channel import TinyChannel

CRASHES = [signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGILL]


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel) -> TinyChannel:
    for suffix, name in ((".conda", "bad"), (".tar.bz2", "older")):
        tensorflow_channel.add(name, "1.0", noarch="generic", files={f"share/crash-{name}.txt": "x"}, suffix=suffix)
    tensorflow_channel.index()
    return tensorflow_channel


@pytest.fixture
def crashing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that makes workers crash at a step (``create`` or ``link``) with a file."""

    def begin(file: str, step: str, number: int) -> None:
        monkeypatch.setenv("LD_PRELOAD", built("crash.c", tmp_path))
        monkeypatch.setenv("CRASH_FILE", file)
        monkeypatch.setenv("CRASH_STEP", step)
        monkeypatch.setenv("CRASH_SIGNAL", str(int(number)))

    return begin


async def _install(api: Api, made: Any, name: str) -> Any:
    return await api.apply(kind="install", environment=made["id"], specs=[name])


@pytest.mark.parametrize(
    ("number", "step", "told", "name"),
    [
        *((number, "link", "linked", "bad") for number in CRASHES),
        (signal.SIGSEGV, "link", "linked", "older"),
        (signal.SIGSEGV, "create", "unpacked", "bad"),
        (signal.SIGSEGV, "create", "unpacked", "older"),
    ],
)
async def test_a_crash_names_the_package(
    api: Api, made: Any, crashing: Any, number: signal.Signals, step: str, told: str, name: str
) -> None:
    crashing(f"share/crash-{name}.txt", step, number)
    job = await _install(api, made, name)
    assert job["state"] == "failed"
    assert job["error"]["reason"] == "failed"
    message = f"The job crashed ({number.name}) while it {told} {name}-1.0-0. Nothing was changed."
    assert job["message"] == job["error"]["message"] == message
    assert "leave the package out" in job["error"]["hint"]
    assert [path.name for path in Path(made["prefix"]).parent.iterdir()] == ["tf"]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
async def test_a_signal_from_outside_interrupts_the_job(
    api: Api, made: Any, crashing: Any, number: signal.Signals
) -> None:
    crashing("share/crash-bad.txt", "link", number)
    job = await _install(api, made, "bad")
    assert job["state"] == "interrupted"
    told = f"Another process or the operating system stopped the job ({number.name}) while it linked bad-1.0-0. "
    assert job["message"] == f"{told}Nothing was changed."
    assert ("short of memory" in job["error"]["hint"]) is (number == signal.SIGKILL)


async def test_several_packages_that_are_linked_at_once_are_named(
    api: Api, made: Any, tensorflow_channel: TinyChannel, crashing: Any
) -> None:
    crashing("share/crash-bad.txt", "link", signal.SIGSEGV)
    job = await api.apply(kind="install", environment=made["id"], specs=["bad", "older"])
    assert job["state"] == "failed"
    assert "bad-1.0-0" in job["message"]


async def test_a_job_that_ends_before_it_works_on_a_package_names_none(api: Api, made: Any, crashing: Any) -> None:
    crashing("site.py", "create", signal.SIGSEGV)
    job = await _install(api, made, "bad")
    assert job["state"] == "succeeded"
    crashing("", "create", signal.SIGSEGV)
    job = await api.apply(kind="remove", environment=made["id"], packages=["bad"])
    assert job["message"] == "The job crashed (SIGSEGV). Nothing was changed."
    assert job["error"]["hint"] == "Try again. If it fails again, see the job's log."
