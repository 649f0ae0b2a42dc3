"""Jobs on the event stream that JupyterLab already listens to."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

from .models import Job

if TYPE_CHECKING:
    from jupyter_events import EventLogger

SCHEMA_ID = "https://schema.jupyter.org/tfenv_lab/job/v1"
SCHEMA_PATH = Path(__file__).parent.parent / "events" / "job.v1.yaml"
#: At most ten events a second for a job, and always one for each change of state or phase.
INTERVAL = 0.1


class JobEvents:
    """Emits a job's state, sparingly."""

    def __init__(self, logger: EventLogger | None) -> None:
        self._logger = logger
        self._last: dict[str, tuple[tuple[str, str | None], float]] = {}

    def emit(self, job: Job) -> None:
        """Tell whoever listens, unless nothing but the progress changed a moment ago."""
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
