"""Run jobs: the queue, the worker of each job, and what a job does when it ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..conda.transaction.staging import Leftover
from ..disk import faults
from ..errors import JobFailed, NotRunning, PrefixBusy, TfenvError
from ..models import Advice
from ..sentences import say
from . import outcomes
from .deaths import Death
from .leftovers import Leftovers
from .messages import ApplyChange, Failed, Order, Succeeded
from .models import DONE_WITHOUT_KERNEL, FINISHED, Job, now
from .process import WorkerProcess
from .reports import WorkerReports
from .spare import SpareWorker

if TYPE_CHECKING:
    from .aftermath import Aftermath
    from .events import JobEvents
    from .servers import Servers
    from .store import JobStore

#: Seconds between two reports that there are jobs.
BEAT = 5.0


class RunningJobs:
    """The jobs of this server that have not finished: at most ``max_running`` run at once, in worker processes."""

    def __init__(
        self,
        *,
        store: JobStore,
        servers: Servers,
        events: JobEvents,
        max_running: int,
        spare: SpareWorker,
        aftermath: Aftermath,
        follow: Callable[[Job], Awaitable[None]],
        leftovers: Leftovers,
        active: Callable[[], None],
        log: logging.Logger | logging.LoggerAdapter[Any],
    ) -> None:
        """Call ``aftermath`` after a job that succeeded, and ``follow`` once its prefix is free again.

        ``active`` is called every ``BEAT`` seconds while there are jobs.
        """
        self._store = store
        self._servers = servers
        self._events = events
        #: Lets in the jobs that may run at the same time.
        self.slots = asyncio.Semaphore(max_running)
        # Automatic checks have a slot of their own, so they never delay a user's job.
        self._aside = asyncio.Semaphore(1)
        # Deletions take a moment, so they never wait for downloads.
        self._deleting = asyncio.Semaphore(max_running)
        self._spare = spare
        #: Whether to have a spare worker after the running jobs.
        self._expects = False
        self._aftermath = aftermath
        self._follow = follow
        self._leftovers = leftovers
        self._log = log
        self._active = active
        self._beating: asyncio.Task[None] | None = None
        self._live: dict[str, Job] = {}
        self._workers: dict[str, WorkerProcess] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()
        self._orders: dict[str, Order] = {}
        #: What workers noticed in new environments, by job. It counts if the change took effect.
        self._notices: dict[str, list[Advice]] = {}
        #: Workers, by job, that have sent their result and may still be deleting the tree that was replaced.
        self._ending: dict[str, asyncio.Future[int]] = {}

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._live

    def all(self) -> dict[str, Job]:
        """Return the jobs that run or wait, by id."""
        return dict(self._live)

    @property
    def locks(self) -> list[str]:
        """The locks of the changes that run or wait."""
        return [order.change.lock for order in self._orders.values() if isinstance(order, ApplyChange)]

    def on(self, prefix: Path) -> list[Job]:
        """Return the jobs that change or use a prefix, or wait to do so.

        A finished job is still here until it is stored, but whoever was told that it finished may begin the next one.
        """
        places = [job for job in self._live.values() if str(prefix) in (job.prefix, job.moved_from)]
        return [job for job in places if job.state not in FINISHED]

    def holder_of(self, prefix: Path) -> Job | None:
        """Return the job that runs or waits on a prefix, apart from automatic checks, or None."""
        return next((job for job in self.on(prefix) if not job.automatic), None)

    def require_idle(self, prefix: Path) -> None:
        """Raise PrefixBusy if a job is using a prefix, apart from automatic checks."""
        job = self.holder_of(prefix)
        if job is not None:
            raise PrefixBusy(
                say(
                    "“{name}” is busy: a job of kind “{kind}” is {state}.",
                    name=job.name,
                    kind=job.kind,
                    state=job.state,
                ),
                hint=say("Wait for that job, or cancel it."),
            )

    async def make_way(self, prefix: Path) -> None:
        """Cancel the automatic check of a prefix, if there is one. Raises PrefixBusy if another job is using it."""
        self.require_idle(prefix)
        for job in self.on(prefix):
            with contextlib.suppress(NotRunning):
                await self.cancel(job.id)
        self.require_idle(prefix)

    def is_changing(self, prefix: Path) -> bool:
        """Return whether a job changes an environment, or waits to change it."""
        return any(job.kind != "check" for job in self.on(prefix))

    async def unchanging(self, prefixes: Collection[Path]) -> None:
        """Wait until no job changes any of the environments."""
        while tasks := {self._tasks[job.id] for place in prefixes for job in self.on(place) if job.kind != "check"}:
            await asyncio.wait(tasks)

    async def finishing(self, job_id: str, seconds: float) -> None:
        """Wait until a job has finished, but not longer than this."""
        task = self._tasks.get(job_id)
        await (asyncio.wait({task}, timeout=seconds) if task else asyncio.sleep(seconds))

    async def ended(self, job_id: str) -> None:
        """Wait until the worker of a finished job has tried to delete the tree that was replaced."""
        ending = self._ending.get(job_id)
        if ending is not None:
            await asyncio.wait({ending})

    async def begin(self, job: Job, order: Order) -> Job:
        """Store a job, let it wait for a free slot, and return it."""
        # From here on, the prefix is busy. Other servers may see the job only with its server.
        self._live[job.id] = job
        job = replace(job, server=await asyncio.to_thread(self._servers.this))
        del self._live[job.id]
        self._orders[job.id] = order
        self._update(job)
        await self._store.kept()
        self._tasks[job.id] = asyncio.ensure_future(self._run(job.id, order))
        if self._beating is None or self._beating.done():
            self._beating = asyncio.ensure_future(self._beat())
        return job

    def expect(self) -> None:
        """Start a spare worker for the next job; if jobs are running, after them."""
        self._expects = bool(self._tasks)
        if not self._tasks:
            self._spare.prepare()

    async def _beat(self) -> None:
        """Tell again and again that there are jobs, until none is left."""
        while self._tasks:
            self._active()
            await asyncio.wait(self._tasks.values(), timeout=BEAT)

    async def cancel(self, job_id: str) -> None:
        """Cancel a job, and wait until it has ended. Raises NotRunning if it is too late."""
        job = self._live.get(job_id)
        if job is None:
            raise NotRunning(say("The job has already finished."))
        if job.phase == "swap":
            raise NotRunning(say("The change is taking effect; it is too late to cancel the job."))
        self._cancelled.add(job_id)
        worker = self._workers.get(job_id)
        if worker is not None:
            worker.kill()
        else:
            self._tasks[job_id].cancel()
        await asyncio.wait({self._tasks[job_id]})

    async def stop(self) -> None:
        """Stop every worker. Their jobs become interrupted and leave nothing behind."""
        if self._beating is not None:
            self._beating.cancel()
        for worker in self._workers.values():
            worker.kill()
        tasks = list(self._tasks.values())
        for job_id, task in self._tasks.items():
            if job_id not in self._workers:
                task.cancel()
        # Also wait for workers that are still deleting the tree that was replaced.
        ending: list[asyncio.Future[Any]] = [*tasks, *self._ending.values()]
        if ending:
            await asyncio.wait(ending, timeout=10)
        await self._spare.stop()
        await asyncio.to_thread(self._servers.leave)

    def _update(self, job: Job) -> None:
        before = self._live.get(job.id)
        self._live[job.id] = job
        if before is None or (before.state, before.phase, before.message) != (job.state, job.phase, job.message):
            self._store.keep(job)
        self._events.emit(job)

    def _slot(self, job: Job) -> asyncio.Semaphore:
        """Return what lets in a job and others of its kind."""
        if job.automatic:
            return self._aside
        return self._deleting if job.kind in ("delete", "restore") else self.slots

    async def _run(self, job_id: str, order: Order) -> None:
        last: Succeeded | Failed | Death | None = None
        try:
            async with self._slot(self._live[job_id]):
                self._update(replace(self._live[job_id], state="running", started=now(), message="Starting"))
                last = await self._work(job_id, order)
            job = await outcomes.outcome(self._live[job_id], last, job_id in self._cancelled)
        except asyncio.CancelledError:
            job = outcomes.not_started(self._live[job_id], job_id in self._cancelled)
        except Exception as error:
            known = faults.translated(error) if isinstance(error, OSError) else error
            if not isinstance(known, TfenvError):
                self._log.exception("Job %s failed in the server", job_id)
                known = JobFailed(say("The job failed unexpectedly."), str(error), hint=say("See the server log."))
            job = self._live[job_id].failed(known)
        finally:
            self._workers.pop(job_id, None)
        notices = self._notices.pop(job_id, [])
        if job.state == "succeeded":
            job = replace(job, warnings=[*job.warnings, *notices])
            try:
                job = await self._aftermath.settle(job, last if isinstance(last, Succeeded) else None)
            except Exception as error:
                self._log.exception("Updating the server after job %s failed", job_id)
                text = say("The server could not register the kernel: {error}. See the server log.", error=error)
                job = replace(
                    job,
                    message=DONE_WITHOUT_KERNEL.get(job.kind, job.message),
                    warnings=[*job.warnings, Advice("kernel-not-registered", "warning", text)],
                )
        self._leftovers.remember(job.leftovers)
        self._update(job)
        await self._store.kept()
        self._live.pop(job_id, None)
        self._orders.pop(job_id, None)
        self._tasks.pop(job_id, None)
        self._cancelled.discard(job_id)
        if job.state == "succeeded":
            try:
                await self._follow(job)
            except Exception:
                self._log.exception("What follows job %s could not start", job_id)
        await self._leftovers.try_again()
        await asyncio.to_thread(self._store.prune)
        if self._expects and not self._tasks:
            self.expect()

    async def _work(self, job_id: str, order: Order) -> Succeeded | Failed | Death:
        """Run the worker. Return its result, or how it died without one."""
        reports = WorkerReports(lambda: self._live[job_id], self._update)
        self._notices[job_id] = reports.notices
        # Nobody waits for an automatic check.
        spare = None if self._live[job_id].automatic else self._spare
        worker = WorkerProcess(reports.receive, lambda text: self._store.append_log(job_id, text), spare)
        self._workers[job_id] = worker
        if job_id in self._cancelled:
            worker.kill()
        # After its result, the worker deletes the replaced tree; the job does not wait for that.
        ended = self._ending[job_id] = asyncio.ensure_future(self._end(job_id, worker.run(order), reports.leftovers))
        ended.add_done_callback(lambda _: self._ending.pop(job_id, None))
        either: set[asyncio.Future[Any]] = {ended, reports.last}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not reports.last.done():
            return Death(ended.result(), reports.engagement, worker.last)
        word = reports.last.result()
        if isinstance(word, Failed):
            await ended
        return word

    async def _end(self, job_id: str, running: Awaitable[int], leftovers: list[Leftover]) -> int:
        """Wait until a worker ends, and add the leftovers that it reported after its result to the job."""
        status = await running
        if leftovers:
            # If the job's own task is still running, let it write the job first.
            if job_id in self._tasks:
                await asyncio.wait({self._tasks[job_id]})
            self._leftovers.remember(leftovers)
            job = await asyncio.to_thread(self._store.find, job_id)
            if job is not None:
                job = replace(job, leftovers=[*job.leftovers, *leftovers])
                self._store.keep(job)
                await self._store.kept()
                self._events.emit(job)
        return status
