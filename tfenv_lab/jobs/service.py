"""Look up, start and cancel jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import LoggingConfigurable

from ..conda.transaction.staging import Leftover
from ..directories import CODES
from ..errors import InvalidRequest, NotFound, NotRunning
from ..models import NodeResult
from ..plan_requests import Clean, Create, Install, PlanRequest
from ..plans import cleanings
from ..plans.room import require_room
from ..plans.service import DISK_SPACE
from ..sentences import say
from ..space.survey import Demand
from .dead_servers import DeadServers
from .deletions import Deletions
from .leftovers import Leftovers
from .messages import ApplyChange, BuildChannel, CleanDisk, RunCheck, UseCluster
from .models import DONE, FINISHED, Job, new_id, now
from .running import RunningJobs
from .spare import SpareWorker

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings
    from ..conda.transaction.change import Change
    from ..directories import Directories
    from ..environments.models import Environment
    from ..plans.models import StoredPlan
    from ..plans.service import PlanService
    from ..pypi.models import IndexPolicy
    from ..space.limits import Limits
    from ..space.models import Item
    from ..space.service import SpaceService
    from ..tensorflow.checks.evidence import Subject
    from .aftermath import Aftermath
    from .events import JobEvents
    from .servers import Servers
    from .store import JobStore

#: Kinds of plans that change something although no package changes.
_WITHOUT_ENTRIES = ("clone", "create", "overlay", "rename", "match")
#: Kinds of jobs after which there may be one more environment.
_CREATING = ("clone", "create", "import", "match", "overlay", "restore")


class JobService(LoggingConfigurable):
    """The jobs of a server, also those that ended, and the ways to start one. A prefix has at most one at a time."""

    def __init__(
        self,
        *,
        settings: Callable[[], CondaSettings],
        store: JobStore,
        servers: Servers,
        events: JobEvents,
        plans: Callable[[], PlanService],
        directories: Directories,
        index: Callable[[], IndexPolicy],
        space: SpaceService,
        limits: Limits,
        cache_limit: int,
        undo_minutes: int,
        max_running: int,
        spare_worker: bool,
        active: Callable[[], None],
        aftermath: Aftermath,
        follow: Callable[[Job], Awaitable[None]],
        **kwargs: Any,
    ) -> None:
        """Call ``aftermath`` after a job that succeeded, and ``follow`` once its prefix is free again.

        ``active`` is called every few seconds while there are jobs.
        """
        super().__init__(**kwargs)
        self._directories = directories
        self._index = index
        self._space = space
        self._limits = limits
        #: Lets one job at a time be counted and stored, so that two together cannot exceed a limit.
        self._counting = asyncio.Lock()
        self._cache_limit = cache_limit
        self._limiting = asyncio.Lock()
        self._settings = settings
        self._store = store
        self._events = events
        self._plans = plans
        self._aftermath = aftermath
        self._leftovers = Leftovers(self.log)
        #: The jobs of this server that have not finished.
        self.running = RunningJobs(
            store=store,
            servers=servers,
            events=events,
            max_running=max_running,
            spare=SpareWorker(spare_worker),
            aftermath=aftermath,
            follow=follow,
            leftovers=self._leftovers,
            active=active,
            log=self.log,
        )

        #: The deletions of environments, which can be undone for some minutes.
        self.deletions = Deletions(
            minutes=undo_minutes,
            store=store,
            running=self.running,
            events=events,
            aftermath=aftermath,
            leftovers=self._leftovers,
            settings=settings,
            order=self._order,
            limits=limits,
            log=self.log,
        )

        #: The jobs whose servers have died.
        self.dead_servers = DeadServers(
            store=store,
            servers=servers,
            events=events,
            running=self.running,
            deletions=self.deletions,
            leftovers=self._leftovers,
            directories=directories,
            aftermath=aftermath,
            log=self.log,
        )

    # Look up jobs

    async def all(self) -> list[Job]:
        """Return all jobs, including those of earlier servers, newest first."""
        stored = await asyncio.to_thread(self._store.load)
        others = [job for job in stored if job.state not in FINISHED and job.id not in self.running]
        self.dead_servers.look(others)
        jobs = {job.id: job for job in stored} | self.running.all()
        return sorted(jobs.values(), key=lambda job: job.id, reverse=True)

    async def get(self, job_id: str) -> Job:
        """Return one job. Raises NotFound."""
        found = next((job for job in await self.all() if job.id == job_id), None)
        if found is None:
            raise NotFound(say("There is no such job."))
        return found

    async def log_of(self, job_id: str) -> str:
        """Return a job's log. Raises NotFound."""
        job = await self.get(job_id)
        return await asyncio.to_thread(self._store.log, job.id)

    def busy_of(self, prefix: Path) -> str | None:
        """Return the id of the job that runs or waits on a prefix, apart from automatic checks, or None."""
        holder = self.running.holder_of(prefix)
        return holder.id if holder else None

    async def ended(self, job_id: str) -> Job:
        """Return a finished job after its worker has tried to delete the tree that was replaced. Raises NotFound."""
        await self.running.ended(job_id)
        return await self.get(job_id)

    @property
    def leftovers(self) -> list[Leftover]:
        """Files of deleted or replaced environments that could not be deleted."""
        return self._leftovers.all()

    # Start jobs

    async def apply(self, plan_id: str) -> Job:
        """Start the job that applies a plan.

        Raises NotFound, StalePlan (already applied, or the prefix changed since), PrefixBusy, PrefixExists, NoSpace,
        LimitReached or UnusableDirectory.
        """
        stored = await self._plans().find(plan_id)
        plan, change = stored.plan, stored.plan.change
        if plan.rollout is not None:
            return await self._roll_out(stored, plan.rollout)
        if change is None:
            return await self._clean(stored)
        if not plan.entries and plan.kind == "match" and change.origin == "in_place":
            return await self._unchanged(stored)
        if not plan.entries and not plan.forgets and plan.kind not in _WITHOUT_ENTRIES and not plan.rebuilds:
            raise InvalidRequest(say("There is nothing to change: the environment is up to date."))
        for place in change.places:
            self.running.require_idle(place)
        await self._plans().require_current(plan)
        if change.origin != "in_place":
            await asyncio.to_thread(self._directories.require, change.prefix)
        await asyncio.to_thread(require_room, plan.room, self._directories.state)
        async with self._counting:
            await self._limits.require(is_new=plan.is_new, added=plan.growth)
            return await self._change(stored, change)

    async def _change(self, stored: StoredPlan, change: Change) -> Job:
        plan = stored.plan
        for place in change.places:
            await self.running.make_way(place)
        await self._plans().take(plan.id)
        job = Job(
            new_id(),
            plan.kind,
            plan.name,
            plan.prefix,
            plan.environment,
            request=stored.request,
            warnings=[warning for warning in plan.warnings if warning.code in CODES],
            variables=await self._aftermath.variables_before(change),
            settings=_settings(stored.request),
            moved_from=str(change.moved_from) if change.moved_from else None,
            kernels_before=await self._aftermath.kernels_before(change),
            adds=plan.growth,
        )
        return await self.running.begin(job, self._order(job, change))

    def _order(self, job: Job, change: Change) -> ApplyChange:
        places = self._directories
        return ApplyChange(job.id, change, self._settings(), places.package_cache, places.bytecode, self._index())

    async def _unchanged(self, stored: StoredPlan) -> Job:
        """Return a job that succeeded, because its environment has the packages of the lock already."""
        plan = stored.plan
        await self._plans().require_current(plan)
        await self._plans().take(plan.id)
        job = Job(new_id(), plan.kind, plan.name, plan.prefix, plan.environment, request=stored.request, started=now())
        job = job.ended("succeeded", message=DONE[plan.kind])
        self._store.keep(job)
        await self._store.kept()
        self._events.emit(job)
        return job

    async def _clean(self, stored: StoredPlan) -> Job:
        """Start the job that deletes what a plan names and what nobody needs now. Raises what ``apply`` raises."""
        plan, request = stored.plan, stored.request
        if not isinstance(request, Clean) or plan.cleaning is None or not plan.cleaning.items:
            raise InvalidRequest(say("There is nothing to delete."))
        place = Path(plan.prefix)
        self.running.require_idle(place)
        planned = {item.path for item in plan.cleaning.items}
        now = await self._space.cleaning(request)
        await self.running.make_way(place)
        await self._plans().take(plan.id)
        job = Job(new_id(), plan.kind, plan.name, plan.prefix, None, request=request)
        return await self._delete(job, [item for item in now.items if item.path in planned])

    async def _roll_out(self, stored: StoredPlan, run: dict[str, Any]) -> Job:
        """Start the job that brings an environment to the nodes of a cluster."""
        plan = stored.plan
        if not any(node.action in ("install", "enter") for node in plan.nodes):
            raise InvalidRequest(say("There is nothing to do: no worker needs the environment, or none can have it."))
        await self.running.make_way(Path(plan.prefix))
        await self._plans().take(plan.id)
        nodes = [NodeResult(node.name, node.address, "waiting", node.prefix or None) for node in plan.nodes]
        job = Job(new_id(), plan.kind, plan.name, plan.prefix, plan.environment, request=stored.request, nodes=nodes)
        return await self.running.begin(job, UseCluster(run))

    async def _delete(self, job: Job, items: Iterable[Item]) -> Job:
        prefixes = await self._space.prefixes()
        return await self.running.begin(job, CleanDisk(job.id, tuple(items), tuple(prefixes), self._index()))

    async def limit_cache(self) -> Job | None:
        """Start the job that makes the package cache as small as its limit, and return it, or None if it is."""
        if not self._cache_limit:
            return None
        place = self._directories.package_cache
        async with self._limiting:
            running = self.running.on(place)
            if running:
                return running[0]
            cleaning = await self._space.beyond(self._cache_limit)
            if not cleaning.items:
                return None
            for broken in cleaning.broken:
                self.log.info("The package cache is over its limit. %s", cleanings.sentence([broken]))
            job = Job(new_id(), "clean", DISK_SPACE, str(place), None, automatic=True)
            return await self._delete(job, cleaning.items)

    async def demand(self) -> Demand:
        """Return what jobs need from the caches."""
        unfinished = [job for job in await self.all() if job.state not in FINISHED]
        places = [Path(job.prefix) for job in await self.deletions.pending()]
        new = [Path(job.prefix) for job in unfinished if job.kind in _CREATING]
        added = sum(max(0, job.adds) for job in unfinished)
        return Demand(self.running.locks, [job.id for job in unfinished], places, new, added)

    async def check(self, environment: Environment, subject: Subject, state: str, *, automatic: bool = False) -> Job:
        """Start the job that runs TensorFlow in an environment.

        ``state`` identifies what is checked (``checks.state_of``). Raises PrefixBusy.
        """
        await self.running.make_way(Path(environment.prefix))
        job = Job(
            new_id(), "check", environment.name, environment.prefix, environment.id, automatic=automatic, checked=state
        )
        return await self.running.begin(job, RunCheck(subject))

    async def check_nodes(self, environment: Environment, cluster: str, run: dict[str, Any]) -> Job:
        """Start the job that runs TensorFlow on the nodes of a cluster, which have the environment. Raises PrefixBusy.

        ``run`` is for the process that speaks to the cluster.
        """
        await self.running.make_way(Path(environment.prefix))
        job = Job(new_id(), "check", environment.name, environment.prefix, environment.id, cluster=cluster)
        return await self.running.begin(job, UseCluster(run))

    async def build_channel(self, folder: Path) -> Job:
        """Start the job that builds a local channel below the directory ``folder``. Raises PrefixBusy."""
        self.running.require_idle(folder)
        job = Job(new_id(), "build-channel", say("local channel"), str(folder), None)
        return await self.running.begin(job, BuildChannel())

    async def cancel(self, job_id: str) -> Job:
        """Cancel a queued or running job and return it. Raises NotFound, or NotRunning if it is too late."""
        job = await self.get(job_id)
        if job.state in FINISHED:
            raise NotRunning(say("The job has already finished."))
        if job_id not in self.running:
            raise NotRunning(say("Another server runs this job."), hint=say("Cancel the job on that server."))
        await self.running.cancel(job_id)
        return await self.get(job_id)


def _settings(request: PlanRequest) -> dict[str, bool]:
    """Return the kernel settings that a plan request changes."""
    if isinstance(request, Install) and request.legacy_keras is not None:
        return {"legacy_keras": request.legacy_keras}
    if isinstance(request, Create) and request.legacy_keras:
        return {"legacy_keras": True}
    return {}
