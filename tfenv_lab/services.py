"""The services of a server, connected with each other.

Creating them reads the disk and imports rattler, so ``shared_services.py`` does it in a thread. A command that only
reads creates, and imports, only those that it uses, so that it starts in a moment.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .disk.writes import make_private
from .errors import TfenvError
from .foundations import Foundations
from .service_configuration import Configuration

if TYPE_CHECKING:
    from jupyter_events import EventLogger

    from .conda.transaction.staging import Leftover
    from .environments.models import AvailableUpdate, EnvironmentFacts
    from .environments.service import EnvironmentService
    from .environments.watching import Watch
    from .jobs.aftermath import Aftermath
    from .jobs.annotations import AnnotationService
    from .jobs.checks import CheckService
    from .jobs.models import Job
    from .jobs.notes import NoteService
    from .jobs.service import JobService
    from .jobs.variables import VariableService
    from .kernels.service import KernelService
    from .models import Advice
    from .plans.service import PlanService
    from .space.limits import Limits
    from .space.service import SpaceService
    from .tensorflow.catalog.catalog import Catalog


class Services(Foundations):
    """The services that the handlers and the commands use."""

    def __init__(
        self,
        configuration: Configuration,
        event_logger: EventLogger | None = None,
        sessions: Any = None,
        kernels: Any = None,
        active: Callable[[], None] = lambda: None,
        only: Sequence[str] = (),
    ) -> None:
        """Create all services, or ``only`` the named ones, and the others when they are used.

        This blocks for the disk, so it must not run on the event loop. ``sessions`` and ``kernels`` are the server's
        managers of sessions and of kernelspecs. ``active`` is called every few seconds while there are jobs.
        """
        super().__init__(configuration)
        self._event_logger = event_logger
        self._sessions = sessions
        self._kernelspecs = kernels
        self._active = active
        self.prepare(*only)

    @cached_property
    def checks(self) -> CheckService:
        """The checks of environments."""
        from .jobs.checks import CheckService

        return CheckService(
            self._store,
            lambda: self.environments,
            lambda: self.kernels,
            lambda: self.jobs,
            automatic=self.configuration.check_after_change,
        )

    @cached_property
    def kernels(self) -> KernelService:
        """The kernels of environments."""
        from .kernels.service import KernelService

        configuration, state = self.configuration, self.directories.state
        return KernelService(
            self.conda,
            prefixes=lambda: self.environments.known_prefixes(),
            display_name=configuration.kernel_display_name,
            kernel_filter=configuration.kernel_filter,
            excluded=configuration.kernel_variables_excluded,
            hidden=state / "hidden-kernels",
            written=state / "written-kernels",
            envs_dir=self.envs_dir,
            manager=self._kernelspecs,
            sessions=self._sessions,
            log=configuration.log,
        )

    @cached_property
    def environments(self) -> EnvironmentService:
        """The environments of this machine."""
        from .environments.service import EnvironmentService

        return EnvironmentService(
            self.conda,
            envs_dir=self.envs_dir,
            protected=self.configuration.protected_environments,
            updates=self._updates,
            advice=[self._advice, self.kernels.advice],
            knowledge=lambda: (self._catalog_so_far and self._catalog_so_far.knowledge, self.kernels.trouble()),
            busy_of=self._busy_of,
            kernels_of=self.kernels.registered,
            checks_of=lambda seen, kernels: self.checks.newest(seen, kernels),
            hidden=self.kernels.hidden,
            outdated_of=self.kernels.sessions.to_restart,
            unregistered=self.kernels.unregistered,
            more_changed=self.kernels.outdated,
            on_change=lambda prefixes: self.aftermath.reconcile(prefixes),
            log=self.configuration.log,
        )

    @cached_property
    def watch(self) -> Watch:
        """The watch for changes of the environments, of which an open panel is told."""
        from .environments.watching import Watch

        return Watch(lambda: self.environments.listing(), self._event_logger)

    @cached_property
    def space(self) -> SpaceService:
        """What takes the space on the disks."""
        from .space.service import SpaceService

        return SpaceService(self.environments.list, self.directories, self._uv_directory, lambda: self.jobs.demand())

    @cached_property
    def limits(self) -> Limits:
        """The limits of the user."""
        from .sentences import bytes_in
        from .space.limits import Limits

        most = self.configuration.max_environments, bytes_in(self.configuration.max_bytes)
        return Limits(*most, self.space, lambda: self.environments.owned(), lambda: self.jobs.demand())

    @cached_property
    def plans(self) -> PlanService:
        """The plans, which users review and apply."""
        from .plans.import_channels import Permission
        from .plans.index_solver import IndexSolver
        from .plans.planner import Planner
        from .plans.service import PlanService

        def permission() -> Permission:
            return Permission(self.allowed_channels, self._is_restricted, self.local_channel.stands_in)

        index = IndexSolver(
            lambda: self.index_policy,
            self.repodata.subdir,
            self.package_cache,
            self.directories.cache / "stand-ins",
            self._reader,
        )
        planner = Planner(
            self.repodata,
            self.catalog,
            self.environments,
            self.directories.envs_dirs,
            permission,
            index,
            self.search.on_index,
        )
        return PlanService(
            planner,
            self.repodata,
            self.directories.state / "plans",
            self.package_cache,
            self.kernels.sessions.notebooks_in,
            self.directories,
            self._uv_directory,
            self.space,
            self.limits,
        )

    @cached_property
    def aftermath(self) -> Aftermath:
        """What follows a job."""
        from .jobs.aftermath import Aftermath

        return Aftermath(
            lambda: self.environments,
            lambda: self.kernels,
            lambda: self.jobs.running,
            self._use_local_channel,
            lambda: self.jobs.deletions.refresh(),
            self.configuration.log,
        )

    @cached_property
    def jobs(self) -> JobService:
        """The jobs of this server."""
        from .jobs.events import JobEvents
        from .jobs.servers import Servers
        from .jobs.service import JobService
        from .sentences import bytes_in

        configuration = self.configuration
        return JobService(
            settings=lambda: replace(self.conda, mirrors=self.mirrors),
            store=self._store,
            servers=Servers(self.directories.state / "servers"),
            events=JobEvents(self._event_logger),
            plans=lambda: self.plans,
            index=lambda: self.index_policy,
            directories=self.directories,
            space=self.space,
            limits=self.limits,
            cache_limit=bytes_in(configuration.package_cache_limit),
            undo_minutes=configuration.undo_minutes,
            max_running=configuration.max_running_jobs,
            spare_worker=configuration.spare_worker,
            active=self._active,
            aftermath=self.aftermath,
            follow=self._follow,
            log=configuration.log,
        )

    @property
    def leftovers(self) -> list[Leftover]:
        """Files of deleted or replaced environments that could not be deleted."""
        jobs = self._jobs_so_far
        return jobs.leftovers if jobs else []

    @cached_property
    def notes(self) -> NoteService:
        """The notes of revisions."""
        from .jobs.notes import NoteService

        return NoteService(lambda: self.environments, lambda: self.jobs.running)

    @cached_property
    def annotations(self) -> AnnotationService:
        """The notes and pins of environments."""
        from .jobs.annotations import AnnotationService

        return AnnotationService(lambda: self.environments, lambda: self.jobs.running)

    @cached_property
    def variables(self) -> VariableService:
        """The variables of environments."""
        from .jobs.variables import VariableService

        return VariableService(lambda: self.environments, lambda: self.jobs.running, lambda: self.aftermath)

    @property
    def _jobs_so_far(self) -> JobService | None:
        """The service of jobs, if it was used before. Without it, this process runs no job."""
        return self.__dict__.get("jobs")

    async def build_local_channel(self) -> Job:
        """Start the job that builds a local channel; it then replaces the configured channels.

        Raises ChannelNotAllowed, InvalidRequest (this machine cannot build a channel) or PrefixBusy.
        """
        return await self.jobs.build_channel(await asyncio.to_thread(self.local_channel.folder))

    async def leave_local_channel(self) -> None:
        """Use the configured channels again. The local channel stays on disk."""
        await asyncio.to_thread(self.local_channel.leave)
        await self._change_channels()

    def catalog_of(self, channels: Sequence[str]) -> Catalog:
        """Return the catalog of some of the allowed channels, or of the configured ones. Raises ChannelNotAllowed."""
        from .plans.channel_choice import chosen

        return self.catalog.on(chosen(channels, self.repodata, self.allowed_channels)) if channels else self.catalog

    async def _use_local_channel(self, url: str) -> None:
        await asyncio.to_thread(self.local_channel.use, url)
        await self._change_channels()

    async def _change_channels(self) -> None:
        await self.repodata.use(self.conda)
        self.catalog.forget()

    async def start(self) -> None:
        """Clean up after earlier servers, and reconcile kernelspecs with the environments.

        This runs while the first requests are already served.
        """
        state = self.directories.state
        parts = ("jobs", "plans", "servers", "hidden-kernels", "written-kernels")
        await asyncio.to_thread(make_private, [state, *(state / part for part in parts)])
        prefixes = list(await self.environments.prefixes())
        await self.jobs.dead_servers.recover([*prefixes, *(folder / "any" for folder in self.directories.envs_dirs)])
        self.jobs.deletions.watch()
        # Load the catalog before the panel requests it; the first registration of many kernels may take longer.
        await asyncio.gather(self.kernels.reconcile(), self._load_catalog())

    async def _follow(self, job: Job) -> None:
        """Do what follows a job that succeeded, once its prefix is free again."""
        await self.checks.follow(job)
        if job.kind not in ("check", "clean", "build-channel", "rollout"):
            await self.jobs.limit_cache()

    async def stop(self) -> None:
        """Stop the running jobs and the watching of environments."""
        if jobs := self._jobs_so_far:
            jobs.deletions.stop()
            await jobs.running.stop()
        if "watch" in self.__dict__:
            self.watch.stop()
        if "environments" in self.__dict__:
            await self.environments.stop()
        if "aftermath" in self.__dict__:
            await self.aftermath.stop()

    async def _load_catalog(self) -> None:
        with contextlib.suppress(TfenvError):
            await self.catalog.get()

    def _advice(self, facts: EnvironmentFacts) -> Iterable[Advice]:
        from .tensorflow.advice import Known, advise

        catalog = self._catalog_so_far
        return advise(facts, catalog.known(facts) if catalog else Known())

    def _updates(self, facts: EnvironmentFacts) -> AvailableUpdate:
        from .environments.models import AvailableUpdate

        catalog = self._catalog_so_far
        return catalog.updates(facts) if catalog else AvailableUpdate()

    def _busy_of(self, prefix: Path) -> str | None:
        jobs = self._jobs_so_far
        return jobs.busy_of(prefix) if jobs else None
