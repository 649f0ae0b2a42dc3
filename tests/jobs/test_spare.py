"""A spare worker waits for a job. It runs one at most, ends with its server, and is not used if something changed."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tfenv_lab.jobs import spare as spare_module
from tfenv_lab.jobs.messages import BuildChannel
from tfenv_lab.jobs.process import WorkerProcess
from tfenv_lab.jobs.spare import SpareWorker

from ..conftest import Api
from ..servers import Server
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON

CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.19.*", "python": PYTHON}


def workers(server: int | None = None) -> list[psutil.Process]:
    """Return the workers of a server, by default of this process."""
    children = psutil.Process(server).children()
    return [each for each in children if each.status() != "zombie" and "tfenv_lab.jobs.worker" in each.cmdline()]


def imported(process: psutil.Process) -> bool:
    """Return whether a worker waits for its order with the engine imported."""
    return any("rattler" in each.path for each in process.memory_maps()) and process.num_threads() == 1


async def until(condition: Callable[[], Any]) -> Any:
    """Wait until a condition is true, and return its value."""
    deadline = time.monotonic() + 60
    while not (value := condition()):
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)
    return value


@pytest.fixture
def spare(clean_home: Path, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Iterator[SpareWorker]:
    """A spare worker without a server."""
    spare = SpareWorker(True)
    yield spare
    jp_asyncio_loop.run_until_complete(spare.stop())
    assert workers() == []


async def prepared(spare: SpareWorker) -> psutil.Process:
    """Start the process of a spare worker, and return it."""
    spare.prepare()
    process: psutil.Process = (await until(workers))[0]
    return process


def folders() -> set[str]:
    """Return the directories of temporary files of workers."""
    return {path.name for path in Path(os.environ["TMPDIR"]).glob("tfenv-lab-*")}


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Use a directory for temporary files that this test alone has."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", None)


class TestASpareWorker:
    async def test_it_runs_the_next_job_and_no_other(self, spare: SpareWorker) -> None:
        process = await prepared(spare)
        taken = await asyncio.to_thread(spare.take)
        assert taken is not None
        assert taken.process.pid == process.pid
        assert await asyncio.to_thread(spare.take) is None
        taken.process.kill()
        with taken:
            pass
        assert folders() == set()

    async def test_there_is_only_one(self, spare: SpareWorker) -> None:
        process = await prepared(spare)
        spare.prepare()
        await spare.stop()
        assert not process.is_running()

    async def test_it_has_imported_the_engine_and_no_thread(self, spare: SpareWorker) -> None:
        process = await prepared(spare)
        await until(lambda: imported(process))
        assert process.memory_info().rss < 250e6

    async def test_it_ends_without_a_job(self, spare: SpareWorker, monkeypatch: pytest.MonkeyPatch) -> None:
        await prepared(spare)
        monkeypatch.setattr(spare_module, "IDLE", 0.1)
        spare.prepare()
        await until(lambda: not workers() and not folders())

    async def test_a_killed_one_is_not_used_and_replaced(self, spare: SpareWorker) -> None:
        process = await prepared(spare)
        process.kill()
        await until(lambda: not workers())
        assert await asyncio.to_thread(spare.take) is None
        assert folders() == set()
        process = await prepared(spare)
        process.kill()
        await until(lambda: not workers())
        assert (await prepared(spare)).pid != process.pid

    async def test_the_end_of_its_input_ends_it(self, spare: SpareWorker) -> None:
        process = await prepared(spare)
        taken = await asyncio.to_thread(spare.take)
        assert taken is not None
        with taken:
            assert taken.process.stdin is not None
            taken.process.stdin.close()
            assert await asyncio.to_thread(taken.process.wait, 60) == 0
            assert taken.process.stderr is not None
            assert taken.process.stderr.read() == b""
        assert not process.is_running()

    async def test_it_is_not_started_if_it_is_not_wanted(self) -> None:
        spare = SpareWorker(False)
        spare.prepare()
        await spare.stop()
        spare.prepare()
        await spare.stop()
        assert workers() == []
        assert spare.take() is None

    async def test_it_is_not_started_where_no_process_can_be(
        self, spare: SpareWorker, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys, "executable", "/no/python")
        spare.prepare()
        await spare.stop()
        assert (workers(), folders()) == ([], set())


CHANGES = {
    "a variable": lambda patch, folder: patch.setenv("HTTPS_PROXY", "http://proxy.example.org"),
    "a variable that is gone": lambda patch, folder: patch.delenv("HOME"),
    "a variable for Python": lambda patch, folder: patch.setenv("PYTHONWARNINGS", "error"),
    "the path": lambda patch, folder: patch.syspath_prepend(str(folder)),
    "the current directory": lambda patch, folder: patch.chdir(folder),
    "an installed package": lambda patch, folder: (folder / "site" / "new.py").touch(),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_worker_from_before_a_change_is_not_used(
    change: str, clean_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    spare = SpareWorker(True)
    process = await prepared(spare)
    CHANGES[change](monkeypatch, tmp_path)
    assert await asyncio.to_thread(spare.take) is None
    assert not process.is_running()
    assert folders() == set()
    await spare.stop()


async def test_a_cancelled_job_ends_the_spare_worker_that_it_took(spare: SpareWorker) -> None:
    process = await prepared(spare)
    # It does not read its order.
    process.suspend()
    worker = WorkerProcess(lambda message: None, lambda text: None, spare)
    running = asyncio.create_task(worker.run(BuildChannel()))
    await asyncio.sleep(0.1)
    worker.kill()
    assert await running == -signal.SIGKILL
    assert (workers(), folders()) == ([], set())


async def test_a_spare_worker_that_is_killed_before_it_reads_its_order_ends_the_job(
    spare: SpareWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = await prepared(spare)
    taken = await asyncio.to_thread(spare.take)
    assert taken is not None
    process.kill()
    await until(lambda: not workers())
    monkeypatch.setattr(spare, "take", lambda: taken)
    assert await WorkerProcess(lambda message: None, lambda text: None, spare).run(BuildChannel()) == -signal.SIGKILL
    assert folders() == set()


class TestAServer:
    @pytest.fixture
    def settings(self) -> dict[str, Any]:
        return {"spare_worker": True}

    async def test_it_has_none_before_somebody_changes_something(self, api: Api) -> None:
        await api.call("GET", "environments")
        await api.call("GET", "tensorflow")
        assert workers() == []

    async def test_a_plan_starts_one_and_its_job_uses_it(self, api: Api) -> None:
        plan = await api.plan(**CREATE)
        (process,) = await until(workers)
        _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
        assert workers() in ([process], [])
        assert (await api.finished(job["id"]))["state"] == "succeeded"
        (other,) = await until(lambda: [each for each in workers() if each.pid != process.pid])
        await until(lambda: not process.is_running())
        assert workers() == [other]

    async def test_two_jobs_at_once_have_a_worker_each(self, api: Api) -> None:
        first, second = [await api.plan(**{**CREATE, "name": name}) for name in ("one", "two")]
        jobs = [(await api.call("POST", "jobs", {"plan": plan["id"]}))[1] for plan in (first, second)]
        assert [(await api.finished(job["id"]))["state"] for job in jobs] == ["succeeded"] * 2

    async def test_a_killed_one_does_not_concern_a_job(self, api: Api) -> None:
        plan = await api.plan(**CREATE)
        (process,) = await until(workers)
        process.kill()
        await until(lambda: not workers())
        _, job = await api.call("POST", "jobs", {"plan": plan["id"]})
        assert (await api.finished(job["id"]))["state"] == "succeeded"

    async def test_a_refused_request_starts_none(self, api: Api) -> None:
        status, _ = await api.call("POST", "plans", {"kind": "nonsense"})
        assert status == 400
        assert workers() == []


@pytest.mark.parametrize("stop", [signal.SIGKILL, signal.SIGTERM])
def test_it_ends_with_its_server(tensorflow_channel: TinyChannel, clean_home: Path, stop: signal.Signals) -> None:
    server = Server(tensorflow_channel)
    try:
        server.call("POST", "plans", CREATE)
        deadline = time.monotonic() + 60
        while not (found := workers(server.process.pid)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        server.process.send_signal(stop)
        server.process.wait(60)
        assert psutil.wait_procs(found, 60)[1] == []
    finally:
        if server.process.poll() is None:
            server.kill()
