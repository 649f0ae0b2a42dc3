"""The store of jobs, also on a slow or full disk."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.jobs.models import Job, new_id
from tfenv_lab.jobs.store import KEEP_SECONDS, LOG_BYTES, JobStore
from tfenv_lab.plan_requests import Install
from tfenv_lab.tensorflow.checks.models import Check, Problem, Remedy

from ..contract import check_schema


async def test_a_slow_disk_keeps_the_order_and_does_not_block_the_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = JobStore(tmp_path)
    save, began = store.save, []

    def slow(job: Job) -> None:
        began.append(job.state)
        time.sleep(0.1 if job.state == "queued" else 0)
        save(job)

    monkeypatch.setattr(store, "save", slow)
    job = Job(new_id(), "create", "tf", "/envs/tf", None)
    store.keep(job)
    store.keep(replace(job, state="running"))
    # Nothing has blocked the event loop while the first write is still running.
    assert store.load() == []
    await asyncio.sleep(0)
    await store.kept()
    assert began == ["queued", "running"]
    assert [found.state for found in store.load()] == ["running"]


async def test_a_job_that_cannot_be_written_lasts_as_long_as_the_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "jobs").write_text("in the way of the folder")
    store = JobStore(tmp_path / "jobs")
    job = Job(new_id(), "create", "tf", "/envs/tf", None)
    store.keep(job)
    store.keep(job.ended("succeeded"))
    await store.kept()
    assert "cannot be saved" in caplog.text
    # As long as the server runs, it remembers what the disk does not.
    assert [found.state for found in store.load()] == ["succeeded"]
    (tmp_path / "jobs").unlink()
    store.keep(job.ended("failed"))
    await store.kept()
    assert [found.state for found in JobStore(tmp_path / "jobs").load()] == ["failed"]


def test_only_the_user_can_read_a_job_and_its_log(tmp_path: Path) -> None:
    store, job = JobStore(tmp_path), Job(new_id(), "create", "tf", "/envs/tf", None)
    store.append_log(job.id, "a line\n")
    store.save(job)
    (tmp_path / f"{job.id}.json").chmod(0o644)
    store.save(job)
    assert [oct(path.stat().st_mode & 0o777) for path in tmp_path.glob(f"{job.id}*")] == ["0o600"] * 2


def test_a_log_is_bounded(tmp_path: Path) -> None:
    store, job = JobStore(tmp_path), new_id()
    for _ in range(3):
        store.append_log(job, "x" * (LOG_BYTES // 2))
    assert len(store.log(job)) == LOG_BYTES


def test_finished_jobs_are_deleted_after_a_month(tmp_path: Path) -> None:
    store = JobStore(tmp_path)
    month = int((time.time() - KEEP_SECONDS - 60) * 1000)
    old, running = (Job(f"{month:011x}{end}", "update", "tf", "/envs/tf", None) for end in ("000000", "111111"))
    store.save(old.ended("succeeded"))
    store.save(running)
    store.save(Job(new_id(), "update", "tf", "/envs/tf", None).ended("succeeded"))
    store.append_log(old.id, "what it said")
    # The clock may have been set while a server runs, so it keeps its own last jobs.
    store.prune()
    assert old.id in {job.id for job in store.load()}
    store = JobStore(tmp_path)
    store.prune()
    left = {job.id for job in store.load()}
    assert old.id not in left
    assert running.id in left
    assert len(left) == 2
    assert store.log(old.id) == ""


def _stored(folder: Path, **fields: Any) -> Job:
    """Write a file as an earlier version did, and return the job that is read from it."""
    job = Job("0123456789abcdef0", "create", "tf", "/envs/tf", None, finished="2026-01-01T00:00:00+00:00")
    folder.mkdir()
    (folder / f"{job.id}.json").write_text(json.dumps({**asdict(job), **fields}), encoding="utf-8")
    (found,) = JobStore(folder).load()
    check_schema("Job", found.to_json())
    return found


def test_an_error_of_an_earlier_version_has_no_hint(tmp_path: Path) -> None:
    error = {"reason": "no-space", "message": "The disk is full.", "details": "os error 28"}
    found = _stored(tmp_path / "jobs", state="failed", message=error["message"], error=error)
    assert found.error == {**error, "hint": None}


def test_a_failed_job_of_an_earlier_version_gets_an_error(tmp_path: Path) -> None:
    found = _stored(tmp_path / "jobs", state="interrupted", message="Cancelled before it began")
    assert found.error is not None
    assert (found.error["reason"], found.error["message"]) == ("failed", "Cancelled before it began")


def test_a_job_that_succeeded_has_no_error(tmp_path: Path) -> None:
    assert _stored(tmp_path / "jobs", state="succeeded", message="Done").error is None


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "translate", "name": "tf"},
        {"kind": "create", "name": "a/b"},
        {"kind": "create", "name": "tf", "colour": "blue"},
        {"kind": "install", "environment": "e1", "specs": []},
        "create",
    ],
)
class TestAPlanRequestThatThisVersionCannotRead:
    def test_the_job_is_still_listed(self, tmp_path: Path, body: Any) -> None:
        found = _stored(tmp_path / "jobs", state="succeeded", request=body)
        assert (found.state, found.request) == ("succeeded", None)

    def test_a_remedy_keeps_its_sentence(self, tmp_path: Path, body: Any) -> None:
        problems = [Problem("cpu-build", "A CPU-only build.", Remedy("Install it.")), Problem("crash", "It ended.")]
        result = asdict(Check(False, "3.11.9", "2.19.1", "3.5.0", [], 4.2, problems, ""))
        result["problems"][0]["remedy"]["plan_request"] = body
        found = _stored(tmp_path / "jobs", kind="check", state="succeeded", result=result)
        assert found.result is not None
        assert found.result.problems == problems


def test_a_plan_request_is_read_as_it_was_written(tmp_path: Path) -> None:
    body = {"kind": "install", "environment": "e1", "specs": ["numpy"], "into": None, "legacy_keras": True}
    found = _stored(tmp_path / "jobs", state="succeeded", request=body)
    assert found.request == Install("e1", ("numpy",), legacy_keras=True)
    assert found.to_json()["request"] == {name: value for name, value in body.items() if value is not None}


def test_a_check_of_an_earlier_version_says_if_its_keras_is_tf_keras(tmp_path: Path) -> None:
    check = Check(True, "3.11.9", "2.19.1", "2.19.0", [], 4.2, [], "")
    earlier = {name: value for name, value in asdict(check).items() if name != "tf_keras"}
    assert _stored(tmp_path / "jobs", kind="check", state="succeeded", result=earlier).result == replace(
        check, tf_keras=True
    )
