"""How a job ended, and the cleaning up after it."""

from __future__ import annotations

from pathlib import Path

from tfenv_lab.conda.transaction import staging
from tfenv_lab.jobs import recovery
from tfenv_lab.jobs.messages import Failed
from tfenv_lab.jobs.models import Job

FAILED = Failed({"reason": "failed", "message": "A package could not be linked.", "hint": "Try.", "details": None})


async def test_files_that_the_engine_wrote_after_a_failure_are_deleted(tmp_path: Path) -> None:
    job = Job("0123abc", "install", "tf", str(tmp_path / "envs/tf"), None)
    envs = tmp_path / "envs"
    (envs / "tf/conda-meta").mkdir(parents=True)
    staged = staging.staging_path(envs / "tf", job.id)
    (staged / "lib").mkdir(parents=True)
    (staged / "lib/late.txt").write_text("linked by a thread that nobody could stop")
    ended = await recovery.outcome(job, FAILED, False)
    assert (ended.state, ended.message, ended.error) == ("failed", "A package could not be linked.", FAILED.error)
    assert {path.name for path in envs.iterdir()} <= {"tf", ".tfenv-lock-tf"}
