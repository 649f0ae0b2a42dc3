"""How a job ended, and the cleaning up after it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.prefix import revisions
from tfenv_lab.conda.transaction import placement, prefix_lock, staging
from tfenv_lab.errors import JobFailed
from tfenv_lab.jobs import outcomes
from tfenv_lab.jobs.messages import Failed
from tfenv_lab.jobs.models import Job, new_id
from tfenv_lab.jobs.store import JobStore

from ..conftest import Api

FAILED = Failed(JobFailed("A package could not be linked.", hint="Try.").to_json())


async def test_files_that_the_engine_wrote_after_a_failure_are_deleted(tmp_path: Path) -> None:
    job = Job("0123abc", "install", "tf", str(tmp_path / "envs/tf"), None)
    envs = tmp_path / "envs"
    (envs / "tf/conda-meta").mkdir(parents=True)
    staged = staging.staging_path(envs / "tf", job.id)
    (staged / "lib").mkdir(parents=True)
    (staged / "lib/late.txt").write_text("linked by a thread that nobody could stop")
    ended = await outcomes.outcome(job, FAILED, False)
    assert (ended.state, ended.message, ended.error) == ("failed", "A package could not be linked.", FAILED.error)
    assert {path.name for path in envs.iterdir()} <= {"tf", ".tfenv-lock-tf"}


@pytest.fixture
def half_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A prefix that is a mount point, whose change a worker left when a few of many entries had changed places."""
    prefix = tmp_path / "envs/tf"
    # The edge: what the operating system says of a mount point.
    monkeypatch.setattr("os.path.ismount", lambda path: Path(path) == prefix)
    prefix.mkdir(parents=True)
    staged, aside = staging.staging_path(prefix, "1job"), staging.aside_path(prefix, "1job")
    staged.mkdir()
    aside.mkdir()
    for number in range(300):
        (prefix / f"{number}").write_text("old")
        (staged / f"{number}").write_text("new")
    (staged / placement.JOURNAL).write_text(json.dumps([]))
    return prefix


def _contents(prefix: Path) -> list[str]:
    return [path.read_text() for path in prefix.iterdir() if path.is_file() and not path.name.startswith(staging.MARK)]


async def test_two_servers_that_settle_one_job_at_once_lose_nothing(half_changed: Path) -> None:
    job = Job("1job", "update", "tf", str(half_changed), None)
    found = await asyncio.gather(*(asyncio.to_thread(outcomes.clean_up, job) for _ in range(3)))
    assert [leftovers for _, leftovers in found] == [[], [], []]
    assert _contents(half_changed) == ["new"] * 300


def test_a_job_whose_prefix_stays_locked_is_left_as_it_is(half_changed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "PATIENCE", 0.1)
    with prefix_lock.hold(half_changed, "2job"):
        assert outcomes.clean_up(Job("1job", "update", "tf", str(half_changed), None)) == (False, [])
    assert _contents(half_changed) == ["old"] * 300
    outcomes.collect([half_changed], busy=())
    assert _contents(half_changed) == ["new"] * 300


def test_a_rename_that_could_not_begin_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "PATIENCE", 3600)
    old = tmp_path / "envs/old"
    old.mkdir(parents=True)
    with prefix_lock.hold(old, "2job"):
        job = Job("1job", "rename", "new", str(old.with_name("new")), None, moved_from=str(old))
        assert outcomes.clean_up(job) == (False, [])
    assert revisions.read(old) == []
    assert old.is_dir()


@pytest.mark.parametrize("fails", ["clean_up", "answers"])
async def test_a_job_that_cannot_be_settled_keeps_no_other_from_it(
    api: Api, made: Any, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    store, prefix = JobStore(Path.home() / ".local/state/tfenv_lab/jobs"), made["prefix"]
    first, second = (Job(new_id(), "update", name, prefix, None, state="running") for name in ("first", "second"))
    for job in (first, second):
        store.save(job)
    real: Callable[[Job], Any] = getattr(outcomes, fails)

    def failing(job: Job) -> Any:
        if job.id != second.id:
            return real(job)
        if fails == "clean_up":
            raise PermissionError("the folder may not be read")
        return False

    monkeypatch.setattr(outcomes, fails, failing)
    trash = staging.trash_path(Path(prefix), "3job")
    trash.mkdir()
    await api.services.jobs.dead_servers.recover([Path(prefix)])
    states = {job.id: job.state for job in store.load()}
    assert (states[first.id], states[second.id]) == ("interrupted", "running")
    assert not trash.exists()
