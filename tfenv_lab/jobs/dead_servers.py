"""Settle the jobs of servers that died, and clean up after them."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import JobFailed
from ..sentences import say
from ..space import abandoned
from . import outcomes
from .models import DONE, FINISHED, Job

if TYPE_CHECKING:
    from ..directories import Directories
    from .aftermath import Aftermath
    from .deletions import Deletions
    from .events import JobEvents
    from .leftovers import Leftovers
    from .running import RunningJobs
    from .servers import Servers
    from .store import JobStore

#: Seconds after which a list of jobs looks again for jobs whose servers have died.
LOOK_AGAIN = 5.0


class DeadServers:
    """The unfinished jobs of servers that died, and what they left on the disk."""

    def __init__(
        self,
        *,
        store: JobStore,
        servers: Servers,
        events: JobEvents,
        running: RunningJobs,
        deletions: Deletions,
        leftovers: Leftovers,
        directories: Directories,
        aftermath: Aftermath,
        log: logging.Logger,
    ) -> None:
        self._store = store
        self._servers = servers
        self._events = events
        self._running = running
        self._deletions = deletions
        self._leftovers = leftovers
        self._directories = directories
        self._aftermath = aftermath
        self._log = log
        #: The time of the last look for such jobs, and the task of one that goes on.
        self._looked = 0.0
        self._looking: asyncio.Task[None] | None = None

    def look(self, jobs: Collection[Job]) -> None:
        """Begin to settle those of these unfinished jobs of other servers whose servers have died, now and then."""
        if jobs and self._looking is None and time.monotonic() - self._looked > LOOK_AGAIN:
            self._looking = asyncio.ensure_future(self._settle(jobs))

    async def recover(self, prefixes: Collection[Path]) -> None:
        """Settle all such jobs, and clean up next to ``prefixes`` and the prefixes of all stored jobs."""
        stored = await asyncio.to_thread(self._store.load)
        await self._settle(self._unfinished(stored))
        left = self._unfinished(await asyncio.to_thread(self._store.load))
        busy = {job.id for job in (*left, *self._running.all().values()) if job.state not in FINISHED}
        # A deleted environment is no longer in any list; only its job still names its prefix.
        places = [Path(place) for job in stored for place in (job.prefix, job.moved_from) if place]
        found = await asyncio.to_thread(outcomes.collect, [*prefixes, *places], busy)
        self._leftovers.remember(found)
        await asyncio.to_thread(self._servers.forget_dead)
        where = self._directories
        folders = [where.state, where.state / "plans", where.state / "jobs"]
        await asyncio.to_thread(abandoned.collect, where.package_cache, where.bytecode, folders)
        await self._deletions.collect([*prefixes, *places])
        await self._deletions.refresh()

    def _unfinished(self, stored: Collection[Job]) -> list[Job]:
        return [job for job in stored if job.state not in FINISHED and job.id not in self._running]

    async def _settle(self, jobs: Collection[Job]) -> None:
        """Settle those of these unfinished jobs whose servers have died."""
        try:
            for job in jobs:
                if job.id in self._running or await asyncio.to_thread(self._servers.runs, job):
                    continue
                try:
                    await self._settle_one(job)
                except Exception:
                    # One failure must not prevent settling the other jobs.
                    self._log.exception("Could not recover job %s", job.id)
        finally:
            self._looked, self._looking = time.monotonic(), None

    async def _settle_one(self, job: Job) -> None:
        if not await asyncio.to_thread(outcomes.answers, job):
            self._log.warning("Job %s is not recovered: the drive of %s does not respond", job.id, job.prefix)
            return
        done, leftovers = await asyncio.to_thread(outcomes.clean_up, job)
        if job.kind in ("clean", "rollout"):
            job = outcomes.unfinished(job, is_cancelled=False)
        elif done:
            job = job.ended("succeeded", message=DONE.get(job.kind, "Done"), leftovers=leftovers)
            job = await self._aftermath.settle(job, None)
        else:
            message = say("The server stopped while the job was running. Nothing was changed.")
            failure = JobFailed(message, hint=say("Try again."))
            job = job.failed(failure, "interrupted", leftovers=leftovers)
        await asyncio.to_thread(self._store.save, job)
        self._events.emit(job)
