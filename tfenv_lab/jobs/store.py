"""Store jobs on disk, so that they survive a restart and all servers of the user see them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from .. import serde
from ..disk import writes
from ..errors import JobFailed, NotFound, TfenvError
from ..plan_requests import PlanRequest
from ..sentences import say
from ..tensorflow_packages import is_tf_keras
from .models import FINISHED, KINDS, Job, note_id

log = logging.getLogger(__name__)

#: How long finished jobs are kept, in seconds, how many of them, and the maximum size of a job's log in bytes.
KEEP_SECONDS, KEEP_JOBS, LOG_BYTES = 30 * 24 * 3600, 200, 1_000_000
_ID = re.compile(r"[0-9a-f]{17}")


class JobStore:
    """A directory with a JSON file and a log for each job. Files are cached by modification time."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._cache: dict[str, tuple[int, Job]] = {}
        #: Jobs that could not be written, because the disk is full or read-only. They last as long as the server.
        self._unsaved: dict[str, Job] = {}
        #: The last jobs of this server. They are not pruned, even if the clock was set to another time meanwhile.
        self._last: deque[str] = deque(maxlen=20)
        # One thread keeps the writes in order.
        self._writer = ThreadPoolExecutor(1, "tfenv-jobs")
        self._writing: asyncio.Future[None] | None = None

    def keep(self, job: Job) -> None:
        """Queue a write of a job. A busy disk must not block the event loop."""
        self._writing = asyncio.get_running_loop().run_in_executor(self._writer, self._try, job)

    async def kept(self) -> None:
        """Wait until all queued writes are done."""
        if self._writing is not None:
            await asyncio.wait({self._writing})

    def _try(self, job: Job) -> None:
        try:
            self.save(job)
        except OSError as error:
            self._unsaved[job.id] = job
            log.warning("Job %s cannot be saved: %s", job.id, error)

    def save(self, job: Job) -> None:
        """Write a job atomically, so that only the user can read it. Raises OSError."""
        if job.id not in self._last:
            self._last.append(job.id)
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        writes.replace(self._folder / f"{job.id}.json", serde.dumps(job), private=True)
        self._unsaved.pop(job.id, None)

    def load(self) -> list[Job]:
        """Return all jobs, newest first, without those whose files cannot be read."""
        jobs: dict[str, tuple[int, Job]] = {}
        for path in self._folder.glob("*.json"):
            try:
                stamp = path.stat().st_mtime_ns
                known = self._cache.get(path.stem)
                if known is None or known[0] != stamp:
                    known = (stamp, _job(serde.parse(path.read_text(encoding="utf-8")), path.stem))
            except (OSError, ValueError, TypeError, KeyError, AttributeError, serde.Unreadable):
                continue
            jobs[path.stem] = known
        self._cache = jobs
        for job_id in jobs:
            if _ID.fullmatch(job_id):
                note_id(job_id)
        found = {job_id: job for job_id, (_, job) in jobs.items()} | self._unsaved
        return sorted(found.values(), key=lambda job: job.id, reverse=True)

    def find(self, job_id: str) -> Job | None:
        """Return the stored job with this id, or None."""
        return next((job for job in self.load() if job.id == job_id), None)

    def prune(self) -> None:
        """Delete the oldest finished jobs, but keep the newest check of each environment."""
        kept = 0
        settled: set[str | None] = set()
        for job in self.load():
            if job.state not in FINISHED or job.id in self._last:
                continue
            if job.environment not in settled and (job.kind == "delete" or job.result is not None):
                settled.add(job.environment)
                if job.kind == "check":
                    continue
            kept += 1
            age = time.time() - int(job.id[:11], 16) / 1000
            if kept > KEEP_JOBS or age > KEEP_SECONDS:
                for suffix in (".json", ".log"):
                    with contextlib.suppress(OSError):
                        (self._folder / f"{job.id}{suffix}").unlink()
                self._unsaved.pop(job.id, None)

    def log_path(self, job_id: str) -> Path:
        """Return the path of a job's log. Raises NotFound if the id is not a valid job id."""
        if not _ID.fullmatch(job_id):
            raise NotFound(say("There is no such job."))
        return self._folder / f"{job_id}.log"

    def append_log(self, job_id: str, text: str) -> None:
        """Append to a job's log, up to ``LOG_BYTES``. A log that cannot be written must not stop the job."""
        path = self.log_path(job_id)
        with contextlib.suppress(OSError):
            path.parent.mkdir(0o700, parents=True, exist_ok=True)
            # Only the user can read a new log.
            with open(path, "a", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as log:
                if log.tell() < LOG_BYTES:
                    log.write(text[: LOG_BYTES - log.tell()])

    def log(self, job_id: str) -> str:
        """Return a job's log, or an empty string if there is none."""
        try:
            return self.log_path(job_id).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""


def _job(stored: dict[str, Any], job_id: str) -> Job:
    """Read a job from a file that another version may have written. Raises ValueError if it is not this job.

    An earlier version's may lack an error, its hint, or ``tf_keras`` of a check. A plan request that is not valid in
    this version is left out, so that the job is still listed.
    """
    if stored["state"] in ("failed", "interrupted"):
        error = stored.get("error") or JobFailed(stored.get("message") or "").to_json()
        stored["error"] = {"hint": None, **error}
    _drop_if_invalid(stored, "request")
    for field in ("bytes_per_second", "seconds_left"):
        # msgspec writes only the attributes that an instance has, so a default would not be sent.
        stored.get("progress", {}).setdefault(field, None)
    for warning in stored.get("warnings", []):
        warning.setdefault("items", [])
    result = stored.get("result")
    if isinstance(result, dict):
        result.setdefault("tf_keras", is_tf_keras(result.get("tensorflow"), result.get("keras")))
        for problem in result["problems"]:
            problem.setdefault("details", None)
            if problem.get("remedy"):
                _drop_if_invalid(problem["remedy"], "plan_request")
    if not stored.get("server"):
        stored["server"] = None
    job: Job = serde.convert(stored, Job)
    if job.id != job_id or job.kind not in KINDS:
        raise ValueError("not a job of this version")
    for text in (job.created, job.started, job.finished):
        if text is not None:
            datetime.fromisoformat(text)
    # msgspec writes only the attributes that an instance has, so the defaults become attributes.
    return replace(job, progress=replace(job.progress))


def _drop_if_invalid(body: dict[str, Any], field: str) -> None:
    """Set a field to None if it is not a valid plan request."""
    try:
        serde.convert(body.get(field), PlanRequest)
    except (serde.Unreadable, TfenvError):
        body[field] = None
