"""Jobs on a disk that takes its time."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tfenv_lab.jobs.models import Job, new_id
from tfenv_lab.jobs.store import JobStore


async def test_a_slow_disk_keeps_the_order_and_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    # Nothing was waited for: the loop goes on while the first is being written.
    assert store.load() == []
    await asyncio.sleep(0)
    await store.kept()
    assert began == ["queued", "running"]
    assert [found.state for found in store.load()] == ["running"]


async def test_a_disk_that_is_full_costs_a_jobs_memory_and_not_the_job(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "jobs").write_text("in the way of the folder")
    store = JobStore(tmp_path / "jobs")
    store.keep(Job(new_id(), "create", "tf", "/envs/tf", None))
    await store.kept()
    assert "cannot be remembered" in caplog.text
