"""Jobs on disk: they are there after a reload, a restart, and for every server of the user."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .. import serde
from ..disk import writes
from ..errors import JobFailed, NotFound
from .models import FINISHED, Job

log = logging.getLogger(__name__)

#: Finished jobs are kept this many seconds, and at most so many; a log at most so many bytes.
KEEP_SECONDS, KEEP_JOBS, LOG_BYTES = 30 * 24 * 3600, 200, 1_000_000
_ID = re.compile(r"[0-9a-f]{17}")


class JobStore:
    """One JSON file and one log a job. What was read is cached by modification time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cache: dict[str, tuple[int, Job]] = {}
        # One thread, so that what is written last was told last.
        self._writer = ThreadPoolExecutor(1, "tfenv-jobs")
        self._writing: asyncio.Future[None] | None = None

    def keep(self, job: Job) -> None:
        """Write a job soon, and after those before it: on a disk that is at work, no event loop can wait for that."""
        self._writing = asyncio.get_running_loop().run_in_executor(self._writer, self._try, job)

    async def kept(self) -> None:
        """Wait until every job that was to be kept is written."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    def _try(self, job: Job) -> None:
        try:
            self.save(job)
        except OSError as error:
            log.warning("The job %s cannot be remembered: %s", job.id, error)

    def save(self, job: Job) -> None:
        """Write a job whole or not at all."""
        self._folder.mkdir(parents=True, exist_ok=True)
        writes.replace(self._folder / f"{job.id}.json", serde.dumps(job))

    def load(self) -> list[Job]:
        """Return all jobs, newest first. A file that cannot be read is left out."""
        jobs: dict[str, tuple[int, Job]] = {}
        for path in self._folder.glob("*.json"):
            try:
                stamp = path.stat().st_mtime_ns
                known = self._cache.get(path.stem)
                if known is None or known[0] != stamp:
                    known = (stamp, _job(json.loads(path.read_text(encoding="utf-8"))))
            except (OSError, ValueError, TypeError, KeyError, serde.Unreadable):
                continue
            jobs[path.stem] = known
        self._cache = jobs
        return sorted((job for _, job in jobs.values()), key=lambda job: job.id, reverse=True)

    def prune(self) -> None:
        """Forget finished jobs that are old or too many, but for the newest check of each environment."""
        kept = 0
        settled: set[str | None] = set()
        for job in self.load():
            if job.state not in FINISHED:
                continue
            if job.environment not in settled and (job.kind == "delete" or job.result is not None):
                settled.add(job.environment)
                if job.kind == "check":
                    continue
            kept += 1
            age = time.time() - int(job.id[:11], 16) / 1000
            if kept > KEEP_JOBS or age > KEEP_SECONDS:
                for suffix in (".json", ".log"):
                    (self._folder / f"{job.id}{suffix}").unlink(missing_ok=True)

    def log_path(self, job_id: str) -> Path:
        """Return where a job's log lies. Raises NotFound for what is no job id."""
        if not _ID.fullmatch(job_id):
            raise NotFound("There is no such job.")
        return self._folder / f"{job_id}.log"

    def append_log(self, job_id: str, text: str) -> None:
        """Add to a job's log, up to the bound."""
        path = self.log_path(job_id)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as log:
            if log.tell() < LOG_BYTES:
                log.write(text[: LOG_BYTES - log.tell()])

    def log(self, job_id: str) -> str:
        """Return a job's log; empty where nothing was written."""
        try:
            return self.log_path(job_id).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""


def _job(stored: dict[str, Any]) -> Job:
    """Return the job that a file holds; one of an earlier version has an error without a hint, or none at all."""
    if stored["state"] in ("failed", "interrupted"):
        error = stored.get("error") or JobFailed(stored.get("message") or "").to_json()
        stored["error"] = {"hint": None, **error}
    if not stored.get("server"):
        stored["server"] = None
    job: Job = serde.convert(stored, Job)
    return job
