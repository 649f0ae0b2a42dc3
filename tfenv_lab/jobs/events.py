"""Publish jobs on the Jupyter event stream, to which JupyterLab already listens."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_events import EventLogger

    from .models import Job

SCHEMA_ID = "https://schema.jupyter.org/tfenv_lab/job/v1"
#: The directory with the schemas of all events.
SCHEMAS = Path(__file__).parent.parent / "events"
#: Minimum seconds between two events of a job that report only progress; changes of state or phase are never held back.
INTERVAL = 0.1


class JobEvents:
    """Publisher of a job's state that limits the rate of events."""

    def __init__(self, logger: EventLogger | None) -> None:
        self._logger = logger
        self._last: dict[str, tuple[tuple[str, str | None], float]] = {}

    def emit(self, job: Job) -> None:
        """Publish a job, unless only its progress changed since an event less than ``INTERVAL`` ago."""
        if self._logger is None:
            return
        mark, now = (job.state, job.phase), time.monotonic()
        last = self._last.get(job.id)
        if last is not None and last[0] == mark and now - last[1] < INTERVAL:
            return
        self._last[job.id] = (mark, now)
        if job.finished is not None:
            del self._last[job.id]
        self._logger.emit(schema_id=SCHEMA_ID, data=job.to_json())
