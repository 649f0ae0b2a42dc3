"""The services of a server, connected with each other.

Creating them reads the disk and imports rattler, so ``shared_services.py`` does it in a thread.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .directories import Directories
from .environments.service import EnvironmentService
from .errors import TfenvError
from .jobs.aftermath import Aftermath
from .jobs.checks import CheckService
from .jobs.events import JobEvents
from .jobs.notes import NoteService
from .jobs.servers import Servers
from .jobs.service import JobService
from .jobs.store import JobStore
from .jobs.variables import VariableService
from .kernels import kernelspecs
from .kernels.service import KernelService
from .local_channel.service import LocalChannel
from .plans.import_channels import Permission
from .plans.index_solver import IndexSolver
from .plans.newest import NewestVersions
from .plans.package_search import PackageSearch
from .plans.planner import Planner
from .plans.service import PlanService
from .pypi import cache as uv_cache
from .pypi import settings as index_settings
from .pypi.index import IndexReader
from .pypi.models import IndexPolicy
from .sentences import bytes_in
from .service_configuration import Configuration, conda_settings, folder, index_policy
from .space.service import SpaceService

if TYPE_CHECKING:
    from jupyter_events import EventLogger

    from .conda.settings.condarc import CondaSettings
    from .environments.models import EnvironmentFacts
    from .jobs.models import Job
    from .models import Advice


class Services:
    """The services that the handlers use."""

    environments: EnvironmentService
    kernels: KernelService
    jobs: JobService
    aftermath: Aftermath

    def __init__(
        self,
        configuration: Configuration,
        event_logger: EventLogger | None = None,
        sessions: Any = None,
        kernels: Any = None,
        active: Callable[[], None] = lambda: None,
    ) -> None:
        """Create all services. This blocks for the disk, so it must not run on the event loop.

        ``sessions`` and ``kernels`` are the server's managers of sessions and of kernelspecs. ``active`` is called
        every few seconds while there are jobs.
        """
        from .conda.repodata.repodata import Repodata
        from .tensorflow.catalog.catalog import Catalog

        self.configuration = configuration
        log = configuration.log
        settings = conda_settings(configuration)
        named = folder(configuration.envs_dir)
        #: The directories that the services write to.
        self.directories = Directories(
            [named] if named else settings.envs_dirs, folder(configuration.package_cache), kernelspecs.fault
        )
        state = self.directories.state
        store = JobStore(state / "jobs")
        #: The choice between the configured channels and a local channel.
        is_restricted = bool(configuration.allowed_channels) or settings.allowlist is not None
        self.local_channel = LocalChannel(state / "local-channel.json", settings, is_restricted)
        #: The directory for new environments.
        self.envs_dir = self.directories.envs_dir
        #: The directory for unpacked packages, whose files the environments share by hard links.
        self.package_cache = self.directories.package_cache
        #: The channel data.
        self.repodata = Repodata(self.conda, cache_dir=self.directories.cache / "repodata")
        #: The TensorFlow releases on the channels.
        reader, index_of = IndexReader(), lambda: index_settings.read(self.index_policy)
        self.catalog = Catalog(self.repodata, index=index_of, reader=reader)
        #: The search for packages of both sources.
        self.search = PackageSearch(self.repodata, reader, index_of)
        #: The newest versions of installed packages.
        self.newest = NewestVersions(self.repodata, self.search)
        self.checks = CheckService(
            store,
            lambda: self.environments,
            lambda: self.kernels,
            lambda: self.jobs,
            automatic=configuration.check_after_change,
        )
        self.kernels = KernelService(
            self.conda,
            prefixes=lambda: self.environments.known_prefixes(),
            display_name=configuration.kernel_display_name,
            kernel_filter=configuration.kernel_filter,
            excluded=configuration.kernel_variables_excluded,
            hidden=state / "hidden-kernels",
            written=state / "written-kernels",
            envs_dir=self.envs_dir,
            manager=kernels,
            sessions=sessions,
            log=log,
        )
        self.environments = EnvironmentService(
            self.conda,
            envs_dir=self.envs_dir,
            protected=configuration.protected_environments,
            updates=self.catalog.updates,
            advice=[self._advice, self.kernels.advice],
            knowledge=lambda: (self.catalog.knowledge, self.kernels.trouble()),
            busy_of=lambda prefix: self.jobs.busy_of(prefix),
            kernels_of=self.kernels.registered,
            checks_of=self.checks.newest,
            hidden=self.kernels.hidden,
            outdated_of=self.kernels.to_restart,
            unregistered=self.kernels.unregistered,
            more_changed=self.kernels.outdated,
            on_change=lambda prefixes: self.aftermath.reconcile(prefixes),
            log=log,
        )

        def permission() -> Permission:
            return Permission(self.allowed_channels, is_restricted, self.local_channel.stands_in)

        index = IndexSolver(
            lambda: self.index_policy,
            self.repodata.subdir,
            self.package_cache,
            self.directories.cache / "stand-ins",
            reader,
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

        def uv_directory() -> Path:
            return uv_cache.directory(index_settings.read(self.index_policy).variables)

        #: What takes the space on the disks.
        self.space = SpaceService(self.environments.list, self.directories, uv_directory, lambda: self.jobs.demand())
        self.plans = PlanService(
            planner,
            self.repodata,
            state / "plans",
            self.package_cache,
            self.kernels.notebooks_in,
            self.directories,
            uv_directory,
            self.space,
        )
        self.aftermath = Aftermath(
            lambda: self.environments,
            lambda: self.kernels,
            lambda: self.jobs.running,
            self._use_local_channel,
            lambda: self.jobs.deletions.refresh(),
            log,
        )
        self.jobs = JobService(
            settings=lambda: self.conda,
            store=store,
            servers=Servers(state / "servers"),
            events=JobEvents(event_logger),
            plans=lambda: self.plans,
            index=lambda: self.index_policy,
            directories=self.directories,
            space=self.space,
            cache_limit=bytes_in(configuration.package_cache_limit),
            undo_minutes=configuration.undo_minutes,
            max_running=configuration.max_running_jobs,
            active=active,
            aftermath=self.aftermath,
            follow=self._follow,
            log=log,
        )
        #: The notes of revisions.
        self.notes = NoteService(lambda: self.environments, lambda: self.jobs.running)
        #: The variables of environments.
        self.variables = VariableService(lambda: self.environments, lambda: self.jobs.running, lambda: self.aftermath)

    @property
    def conda(self) -> CondaSettings:
        """The settings in use; only their channels can change while the server runs."""
        return self.local_channel.settings

    @property
    def allowed_channels(self) -> tuple[str, ...]:
        """The names of the channels that a spec may name at the moment."""
        return tuple(self.configuration.allowed_channels) or tuple(ref.name for ref in self.conda.channels)

    @property
    def index_policy(self) -> IndexPolicy:
        """What the administrator decides about package indexes."""
        return index_policy(self.configuration, self.directories.uv_cache)

    async def build_local_channel(self) -> Job:
        """Start the job that builds a local channel; it then replaces the configured channels.

        Raises ChannelNotAllowed, InvalidRequest (this machine cannot build a channel) or PrefixBusy.
        """
        return await self.jobs.build_channel(await asyncio.to_thread(self.local_channel.folder))

    async def leave_local_channel(self) -> None:
        """Use the configured channels again. The local channel stays on disk."""
        await asyncio.to_thread(self.local_channel.leave)
        await self._change_channels()

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
        prefixes = list(await self.environments.prefixes())
        await self.jobs.recover([*prefixes, *(folder / "any" for folder in self.directories.envs_dirs)])
        self.jobs.deletions.watch()
        # Load the catalog before the panel requests it; the first registration of many kernels may take longer.
        await asyncio.gather(self.kernels.reconcile(), self._load_catalog())

    async def _follow(self, job: Job) -> None:
        """Do what follows a job that succeeded, once its prefix is free again."""
        await self.checks.follow(job)
        if job.kind not in ("check", "clean", "build-channel"):
            await self.jobs.limit_cache()

    async def stop(self) -> None:
        """Stop the running jobs and the watching of environments."""
        self.jobs.deletions.stop()
        await self.jobs.running.stop()
        await self.environments.stop()
        await self.aftermath.stop()

    async def _load_catalog(self) -> None:
        with contextlib.suppress(TfenvError):
            await self.catalog.get()

    def _advice(self, facts: EnvironmentFacts) -> Iterable[Advice]:
        from .tensorflow.advice import advise

        return advise(facts, self.catalog.known(facts))
