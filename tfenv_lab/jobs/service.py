"""Jobs: queued, supervised, cancelled, remembered."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import LoggingConfigurable

from ..conda.transaction.staging import Leftover
from ..errors import InvalidRequest, JobFailed, NotFound, NotRunning, PrefixBusy, Protected
from ..plans import requests
from ..plans.sizes import require_room
from . import recovery
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
    """Runs jobs in worker processes, at most ``max_running`` at once and one for a prefix."""

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
        """``aftermath`` does what follows a change, ``follow`` what begins once the prefix of a job is free again."""
        super().__init__(**kwargs)
        self._package_cache = package_cache
        self._settings = settings
        self._store = store
        self._events = events
        self._plans = plans
        self._slots = asyncio.Semaphore(max_running)
        # What nobody waits for takes no place of what somebody does.
        self._aside = asyncio.Semaphore(1)
        self._aftermath = aftermath
        self._follow = follow
        self._server = recovery.this_server()
        self._live: dict[str, Job] = {}
        self._workers: dict[str, WorkerProcess] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancelled: set[str] = set()
        #: Workers that have said their result and may still be deleting what it replaced, by job.
        self._ending: dict[str, asyncio.Future[int]] = {}
        self._leftovers: dict[str, Leftover] = {}

    # What is asked

    async def all(self) -> list[Job]:
        """Return all jobs, newest first, those of earlier servers included."""
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
        """Return the id of the job that works on a prefix, or waits to; an automatic check is none."""
        return next((job.id for job in self._on(prefix) if not job.automatic), None)

    def is_changing(self, prefix: Path) -> bool:
        """Tell whether a job changes, or waits to change, an environment."""
        return any(job.kind != "check" for job in self._on(prefix))

    async def unchanging(self, prefixes: Collection[Path]) -> None:
        """Wait until no job changes any of these environments."""
        while tasks := {self._tasks[job.id] for place in prefixes for job in self._on(place) if job.kind != "check"}:
            await asyncio.wait(tasks)

    async def ended(self, job_id: str) -> Job:
        """Return a finished job once its worker has deleted, or failed to delete, what it replaced. Raises NotFound."""
        ending = self._ending.get(job_id)
        if ending is not None:
            await asyncio.wait({ending})
        return await self.get(job_id)

    @property
    def leftovers(self) -> list[Leftover]:
        """What could not be deleted of environments that were removed or replaced."""
        return list(self._leftovers.values())

    # What is begun

    async def apply(self, plan_id: str) -> Job:
        """Start the job that applies a plan.

        Raises NotFound, StalePlan (applied already, or the prefix changed since), PrefixBusy, PrefixExists, NoSpace.
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
            kernel=await self._aftermath.kernel_before(change),
            settings=_settings(stored.request),
            moved_from=str(change.moved_from) if change.moved_from else None,
        )
        cache = self._package_cache
        return await self._begin(job, ApplyChange(job.id, change, self._settings(), cache, cache.parent / "bytecode"))

    async def remove(self, environment: Environment) -> Job:
        """Start the job that removes a whole environment. Raises Protected or PrefixBusy."""
        if environment.protected or not environment.writable:
            raise Protected(environment.protected_reason or f"“{environment.name}” cannot be written.")
        from ..conda.transaction.apply import require_movable

        self._require_idle(Path(environment.prefix))
        await asyncio.to_thread(require_movable, Path(environment.prefix))
        await self._make_way(Path(environment.prefix))
        job = Job(new_id(), "delete", environment.name, environment.prefix, environment.id)
        return await self._begin(job, RemoveEnvironment(job.id, Path(environment.prefix)))

    async def check(self, environment: Environment, subject: Subject, state: str, *, automatic: bool = False) -> Job:
        """Start the job that runs TensorFlow in an environment.

        ``state`` is what the check is of (``checks.state_of``). Raises PrefixBusy.
        """
        await self._make_way(Path(environment.prefix))
        job = Job(
            new_id(), "check", environment.name, environment.prefix, environment.id, automatic=automatic, checked=state
        )
        return await self._begin(job, RunCheck(subject))

    async def build_channel(self, folder: Path) -> Job:
        """Start the job that builds a local channel in a folder of such. Raises PrefixBusy."""
        self._require_idle(folder)
        return await self._begin(Job(new_id(), "build-channel", "local channel", str(folder), None), BuildChannel())

    async def cancel(self, job_id: str) -> Job:
        """End a job that is queued or running and return it. Raises NotFound, or NotRunning when it is too late."""
        job = await self.get(job_id)
        if job.state in FINISHED:
            raise NotRunning("This job is finished; there is nothing to cancel.")
        if job_id not in self._live:
            raise NotRunning("Another server runs this job.", hint="Cancel it there.")
        if job.phase == "swap":
            raise NotRunning("The change is being put in place; it is too late to cancel.")
        self._cancelled.add(job_id)
        worker = self._workers.get(job_id)
        if worker is not None:
            worker.kill()
        else:
            self._tasks[job_id].cancel()
        await asyncio.wait({self._tasks[job_id]})
        return await self.get(job_id)

    async def stop(self) -> None:
        """End every worker; their jobs become interrupted and leave nothing behind."""
        for worker in self._workers.values():
            worker.kill()
        tasks = list(self._tasks.values())
        for job_id, task in self._tasks.items():
            if job_id not in self._workers:
                task.cancel()
        # Those too whose change is done and that are deleting what it replaced.
        ending: list[asyncio.Future[Any]] = [*tasks, *self._ending.values()]
        if ending:
            await asyncio.wait(ending, timeout=10)

    # What runs

    def _on(self, prefix: Path) -> list[Job]:
        return [job for job in self._live.values() if str(prefix) in (job.prefix, job.moved_from)]

    async def _make_way(self, prefix: Path) -> None:
        """End the automatic check of a prefix, if any. Raises PrefixBusy where another job holds it."""
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
                f"“{job.name}” is busy: a job of kind “{job.kind}” is {job.state}.", hint="Wait for it or cancel it."
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
                job = self._live[job_id].ended("cancelled", message="Cancelled before it began")
            else:
                job = self._live[job_id].failed(
                    JobFailed("The server ended before this began; nothing was changed.", hint="Try again."),
                    "interrupted",
                )
        except Exception as error:
            self.log.exception("Job %s failed in the server", job_id)
            failure = JobFailed(
                "The job met an unexpected failure.", str(error), hint="The server's log holds the cause."
            )
            job = self._live[job_id].failed(failure)
        finally:
            self._workers.pop(job_id, None)
        if job.state == "succeeded":
            try:
                job = await self._aftermath.settle(job, last if isinstance(last, Succeeded) else None)
            except Exception:
                self.log.exception("What follows job %s failed", job_id)
        self._remember(job.leftovers)
        self._update(job)
        await self._store.kept()
        self._live.pop(job_id, None)
        self._tasks.pop(job_id, None)
        self._cancelled.discard(job_id)
        if job.state == "succeeded":
            try:
                await self._follow(job)
            except Exception:
                self.log.exception("What begins after job %s could not", job_id)
        await self._try_leftovers_again()
        await asyncio.to_thread(self._store.prune)

    async def _work(self, job_id: str, order: Order) -> Succeeded | Failed | None:
        """Run the worker and return its last word, or None where it died without one."""
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
        # What the worker does after its last word (deleting what was replaced) keeps nobody waiting.
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
        """Wait for a worker's end, and add to its job what it could not delete after it had told the result."""
        status = await running
        if leftovers:
            # The job's own task writes it last where it has not ended yet.
            if job_id in self._tasks:
                await asyncio.wait({self._tasks[job_id]})
            self._remember(leftovers)
            with contextlib.suppress(NotFound):
                job = await self.get(job_id)
                job = replace(job, leftovers=[*job.leftovers, *leftovers])
                self._store.keep(job)
                await self._store.kept()
                self._events.emit(job)
        return status

    def _remember(self, leftovers: Iterable[Leftover]) -> None:
        for leftover in leftovers:
            self._leftovers[leftover.path] = leftover
            self.log.warning("%s", leftover.describe())

    async def _try_leftovers_again(self) -> None:
        if self._leftovers:
            tried = dict(self._leftovers)
            left = await asyncio.to_thread(recovery.discard_again, list(tried))
            for path in tried.keys() - left.keys():
                self._leftovers.pop(path, None)

    # What earlier servers left

    async def recover(self, prefixes: list[Path]) -> None:
        """Settle the jobs of servers that died, and collect what lies beside ``prefixes`` and the jobs' own."""
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
        # An environment that was removed is in no list any more: what is left of it lies where its job says.
        places = [Path(place) for job in stored for place in (job.prefix, job.moved_from) if place]
        found = await asyncio.to_thread(recovery.collect, [*prefixes, *places], busy)
        self._remember(found)

    async def _recover_one(self, job: Job) -> None:
        if not await asyncio.to_thread(recovery.answers, job):
            self.log.warning("Job %s is not recovered: the drive of %s does not respond", job.id, job.prefix)
            return
        done, leftovers = await asyncio.to_thread(recovery.clean_up, job)
        if done:
            job = job.ended("succeeded", message=DONE.get(job.kind, "Done"), leftovers=leftovers)
            job = await self._aftermath.settle(job, None)
        else:
            failure = JobFailed("The server ended while this job ran; nothing was changed.", hint="Try again.")
            job = job.failed(failure, "interrupted", leftovers=leftovers)
        await asyncio.to_thread(self._store.save, job)
        self._events.emit(job)


def _settings(request: Mapping[str, Any]) -> dict[str, bool]:
    """Return the settings of the kernel that a plan's request changes."""
    wanted = requests.parse(request)
    if isinstance(wanted, requests.Install) and wanted.legacy_keras is not None:
        return {"legacy_keras": wanted.legacy_keras}
    return {}
