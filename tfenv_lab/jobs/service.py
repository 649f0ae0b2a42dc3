"""Queue, supervise, cancel and remember jobs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import LoggingConfigurable

from ..conda.transaction.staging import Leftover
from ..errors import InvalidRequest, JobFailed, NotFound, NotRunning, PrefixBusy, Protected
from ..plans import requests
from ..plans.sizes import require_room
from . import recovery
from .leftovers import Leftovers
from .messages import (
    ApplyChange,
    BuildChannel,
    Failed,
    LeftBehind,
    Message,
    Order,
    PhaseBegun,
    ProgressMade,
    RemoveEnvironment,
    RunCheck,
    Succeeded,
)
from .models import DONE, FINISHED, PHASES, Job, new_id, now
from .process import WorkerProcess

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings
    from ..environments.models import Environment
    from ..plans.service import PlanService
    from ..tensorflow.checks.evidence import Subject
    from .aftermath import Aftermath
    from .events import JobEvents
    from .store import JobStore


class JobService(LoggingConfigurable):
    """The jobs of a server: at most ``max_running`` run at once, in worker processes, and one for each prefix."""

    def __init__(
        self,
        *,
        settings: Callable[[], CondaSettings],
        store: JobStore,
        events: JobEvents,
        plans: Callable[[], PlanService],
        package_cache: Path,
        max_running: int,
        aftermath: Aftermath,
        follow: Callable[[Job], Awaitable[None]],
        **kwargs: Any,
    ) -> None:
        """Call ``aftermath`` after a job that succeeded, and ``follow`` once its prefix is free again."""
        super().__init__(**kwargs)
        self._package_cache = package_cache
        self._settings = settings
        self._store = store
        self._events = events
        self._plans = plans
        self._slots = asyncio.Semaphore(max_running)
        # Automatic checks have a slot of their own, so they never delay a user's job.
        self._aside = asyncio.Semaphore(1)
        self._aftermath = aftermath
        self._follow = follow
        self._server = recovery.this_server()
        self._live: dict[str, Job] = {}
        self._workers: dict[str, WorkerProcess] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()
        #: Workers, by job, that have sent their result and may still be deleting the tree that was replaced.
        self._ending: dict[str, asyncio.Future[int]] = {}
        self._leftovers = Leftovers(self.log)

    # Look up jobs

    async def all(self) -> list[Job]:
        """Return all jobs, including those of earlier servers, newest first."""
        stored = await asyncio.to_thread(self._store.load)
        jobs = {job.id: job for job in stored} | self._live
        return sorted(jobs.values(), key=lambda job: job.id, reverse=True)

    async def get(self, job_id: str) -> Job:
        """Return one job. Raises NotFound."""
        found = next((job for job in await self.all() if job.id == job_id), None)
        if found is None:
            raise NotFound("There is no such job.")
        return found

    async def log_of(self, job_id: str) -> str:
        """Return a job's log. Raises NotFound."""
        job = await self.get(job_id)
        return await asyncio.to_thread(self._store.log, job.id)

    def busy_of(self, prefix: Path) -> str | None:
        """Return the id of the job that runs or waits on a prefix, apart from automatic checks, or None."""
        return next((job.id for job in self._on(prefix) if not job.automatic), None)

    def is_changing(self, prefix: Path) -> bool:
        """Return whether a job changes an environment, or waits to change it."""
        return any(job.kind != "check" for job in self._on(prefix))

    async def unchanging(self, prefixes: Collection[Path]) -> None:
        """Wait until no job changes any of the environments."""
        while tasks := {self._tasks[job.id] for place in prefixes for job in self._on(place) if job.kind != "check"}:
            await asyncio.wait(tasks)

    async def ended(self, job_id: str) -> Job:
        """Return a finished job after its worker has tried to delete the tree that was replaced. Raises NotFound."""
        ending = self._ending.get(job_id)
        if ending is not None:
            await asyncio.wait({ending})
        return await self.get(job_id)

    @property
    def leftovers(self) -> list[Leftover]:
        """Files of deleted or replaced environments that could not be deleted."""
        return self._leftovers.all()

    # Start jobs

    async def apply(self, plan_id: str) -> Job:
        """Start the job that applies a plan.

        Raises NotFound, StalePlan (already applied, or the prefix changed since), PrefixBusy, PrefixExists or NoSpace.
        """
        stored = await self._plans().find(plan_id)
        plan, change = stored.plan, stored.plan.change
        if not plan.entries and plan.kind not in ("clone", "create", "rename"):
            raise InvalidRequest("There is nothing to change: the environment is up to date.")
        for place in change.places:
            self._require_idle(place)
        await self._plans().require_current(plan)
        await asyncio.to_thread(require_room, change.prefix, plan.needed_bytes)
        for place in change.places:
            await self._make_way(place)
        await self._plans().take(plan_id)
        job = Job(
            new_id(),
            plan.kind,
            plan.name,
            plan.prefix,
            plan.environment,
            request=stored.request,
            variables=await self._aftermath.variables_before(change),
            settings=_settings(stored.request),
            moved_from=str(change.moved_from) if change.moved_from else None,
        )
        cache = self._package_cache
        return await self._begin(job, ApplyChange(job.id, change, self._settings(), cache, cache.parent / "bytecode"))

    async def remove(self, environment: Environment) -> Job:
        """Start the job that deletes an environment. Raises Protected or PrefixBusy."""
        if environment.protected or not environment.writable:
            raise Protected(
                environment.protected_reason or f"You do not have permission to change “{environment.name}”."
            )
        from ..conda.transaction.apply import require_movable

        self._require_idle(Path(environment.prefix))
        await asyncio.to_thread(require_movable, Path(environment.prefix))
        await self._make_way(Path(environment.prefix))
        job = Job(new_id(), "delete", environment.name, environment.prefix, environment.id)
        return await self._begin(job, RemoveEnvironment(job.id, Path(environment.prefix)))

    async def check(self, environment: Environment, subject: Subject, state: str, *, automatic: bool = False) -> Job:
        """Start the job that runs TensorFlow in an environment.

        ``state`` identifies what is checked (``checks.state_of``). Raises PrefixBusy.
        """
        await self._make_way(Path(environment.prefix))
        job = Job(
            new_id(), "check", environment.name, environment.prefix, environment.id, automatic=automatic, checked=state
        )
        return await self._begin(job, RunCheck(subject))

    async def build_channel(self, folder: Path) -> Job:
        """Start the job that builds a local channel below the directory ``folder``. Raises PrefixBusy."""
        self._require_idle(folder)
        return await self._begin(Job(new_id(), "build-channel", "local channel", str(folder), None), BuildChannel())

    async def cancel(self, job_id: str) -> Job:
        """Cancel a queued or running job and return it. Raises NotFound, or NotRunning if it is too late."""
        job = await self.get(job_id)
        if job.state in FINISHED:
            raise NotRunning("The job has already finished.")
        if job_id not in self._live:
            raise NotRunning("Another server runs this job.", hint="Cancel the job on that server.")
        if job.phase == "swap":
            raise NotRunning("The change is taking effect; it is too late to cancel the job.")
        self._cancelled.add(job_id)
        worker = self._workers.get(job_id)
        if worker is not None:
            worker.kill()
        else:
            self._tasks[job_id].cancel()
        await asyncio.wait({self._tasks[job_id]})
        return await self.get(job_id)

    async def stop(self) -> None:
        """Stop every worker. Their jobs become interrupted and leave nothing behind."""
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

    # Run jobs

    def _on(self, prefix: Path) -> list[Job]:
        return [job for job in self._live.values() if str(prefix) in (job.prefix, job.moved_from)]

    async def _make_way(self, prefix: Path) -> None:
        """Cancel the automatic check of a prefix, if there is one. Raises PrefixBusy if another job is using it."""
        self._require_idle(prefix)
        for job in self._on(prefix):
            with contextlib.suppress(NotRunning, NotFound):
                await self.cancel(job.id)
        self._require_idle(prefix)

    def _require_idle(self, prefix: Path) -> None:
        holder = self.busy_of(prefix)
        if holder is not None:
            job = self._live[holder]
            raise PrefixBusy(
                f"“{job.name}” is busy: a job of kind “{job.kind}” is {job.state}.",
                hint="Wait for that job, or cancel it.",
            )

    async def _begin(self, job: Job, order: Order) -> Job:
        job = replace(job, server=self._server)
        self._update(job)
        await self._store.kept()
        self._tasks[job.id] = asyncio.ensure_future(self._run(job.id, order))
        return job

    def _update(self, job: Job) -> None:
        before = self._live.get(job.id)
        self._live[job.id] = job
        if before is None or (before.state, before.phase) != (job.state, job.phase):
            self._store.keep(job)
        self._events.emit(job)

    async def _run(self, job_id: str, order: Order) -> None:
        last: Succeeded | Failed | None = None
        try:
            async with self._aside if self._live[job_id].automatic else self._slots:
                self._update(replace(self._live[job_id], state="running", started=now(), message="Starting"))
                last = await self._work(job_id, order)
            job = await recovery.outcome(self._live[job_id], last, job_id in self._cancelled)
        except asyncio.CancelledError:
            if job_id in self._cancelled:
                job = self._live[job_id].ended("cancelled", message="Cancelled before it started")
            else:
                job = self._live[job_id].failed(
                    JobFailed("The server stopped before the job started. Nothing was changed.", hint="Try again."),
                    "interrupted",
                )
        except Exception as error:
            self.log.exception("Job %s failed in the server", job_id)
            failure = JobFailed("The job failed unexpectedly.", str(error), hint="See the server log.")
            job = self._live[job_id].failed(failure)
        finally:
            self._workers.pop(job_id, None)
        if job.state == "succeeded":
            try:
                job = await self._aftermath.settle(job, last if isinstance(last, Succeeded) else None)
            except Exception:
                self.log.exception("Updating the server after job %s failed", job_id)
        self._leftovers.remember(job.leftovers)
        self._update(job)
        await self._store.kept()
        self._live.pop(job_id, None)
        self._tasks.pop(job_id, None)
        self._cancelled.discard(job_id)
        if job.state == "succeeded":
            try:
                await self._follow(job)
            except Exception:
                self.log.exception("The check after job %s could not start", job_id)
        await self._leftovers.try_again()
        await asyncio.to_thread(self._store.prune)

    async def _work(self, job_id: str, order: Order) -> Succeeded | Failed | None:
        """Run the worker. Return its result, or None if it died without one."""
        last: asyncio.Future[Succeeded | Failed] = asyncio.get_running_loop().create_future()
        leftovers: list[Leftover] = []

        def tell(message: Message) -> None:
            match message:
                case LeftBehind(leftover):
                    leftovers.append(leftover)
                case PhaseBegun(name) if not last.done():
                    self._update(replace(self._live[job_id], phase=name, message=PHASES[name]))
                case ProgressMade(progress) if not last.done():
                    self._update(replace(self._live[job_id], progress=progress))
                case Succeeded() | Failed() if not last.done():
                    last.set_result(message)
                case _:
                    pass

        worker = WorkerProcess(tell, lambda text: self._store.append_log(job_id, text))
        self._workers[job_id] = worker
        if job_id in self._cancelled:
            worker.kill()
        # After its result, the worker deletes the replaced tree; the job does not wait for that.
        ended = self._ending[job_id] = asyncio.ensure_future(self._end(job_id, worker.run(order), leftovers))
        ended.add_done_callback(lambda _: self._ending.pop(job_id, None))
        either: set[asyncio.Future[Any]] = {ended, last}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not last.done():
            ended.result()
            return None
        word = last.result()
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
            with contextlib.suppress(NotFound):
                job = await self.get(job_id)
                job = replace(job, leftovers=[*job.leftovers, *leftovers])
                self._store.keep(job)
                await self._store.kept()
                self._events.emit(job)
        return status

    # Recover from earlier servers

    async def recover(self, prefixes: list[Path]) -> None:
        """Settle the jobs of dead servers, and clean up next to ``prefixes`` and the prefixes of all stored jobs."""
        stored = await asyncio.to_thread(self._store.load)
        for job in stored:
            if job.state in FINISHED or job.id in self._live or recovery.alive(job.server):
                continue
            try:
                await self._recover_one(job)
            except Exception:
                # One failure must not prevent recovering the other jobs.
                self.log.exception("Could not recover job %s", job.id)
        busy = {job.id for job in await self.all() if job.state not in FINISHED}
        # A deleted environment is no longer in any list; only its job still names its prefix.
        places = [Path(place) for job in stored for place in (job.prefix, job.moved_from) if place]
        found = await asyncio.to_thread(recovery.collect, [*prefixes, *places], busy)
        self._leftovers.remember(found)

    async def _recover_one(self, job: Job) -> None:
        if not await asyncio.to_thread(recovery.answers, job):
            self.log.warning("Job %s is not recovered: the drive of %s does not respond", job.id, job.prefix)
            return
        done, leftovers = await asyncio.to_thread(recovery.clean_up, job)
        if done:
            job = job.ended("succeeded", message=DONE.get(job.kind, "Done"), leftovers=leftovers)
            job = await self._aftermath.settle(job, None)
        else:
            message = "The server stopped while the job was running. Nothing was changed."
            failure = JobFailed(message, hint="Try again.")
            job = job.failed(failure, "interrupted", leftovers=leftovers)
        await asyncio.to_thread(self._store.save, job)
        self._events.emit(job)


def _settings(request: Mapping[str, Any]) -> dict[str, bool]:
    """Return the kernel settings that a plan request changes."""
    wanted = requests.parse(request)
    if isinstance(wanted, requests.Install) and wanted.legacy_keras is not None:
        return {"legacy_keras": wanted.legacy_keras}
    return {}
