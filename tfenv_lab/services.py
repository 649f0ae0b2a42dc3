"""The services of a server, created together and once.

Creating them reads the disk and imports rattler, so it happens in a thread, and not during the start of the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .directories import Directories
from .environments.service import EnvironmentService
from .errors import TfenvError
from .jobs.aftermath import Aftermath
from .jobs.checks import CheckService
from .jobs.events import JobEvents
from .jobs.servers import Servers
from .jobs.service import JobService
from .jobs.store import JobStore
from .jobs.variables import VariableService
from .kernels import kernelspecs
from .kernels.service import KernelService
from .local_channel.service import LocalChannel
from .plans.import_channels import Permission
from .plans.index_solver import IndexSolver
from .plans.package_search import PackageSearch
from .plans.planner import Planner
from .plans.service import PlanService
from .pypi import cache as uv_cache
from .pypi import settings as index_settings
from .pypi.index import IndexReader
from .pypi.models import IndexPolicy
from .sentences import bytes_in
from .space.service import SpaceService

if TYPE_CHECKING:
    from jupyter_events import EventLogger

    from .conda.settings.condarc import CondaSettings
    from .environments.models import EnvironmentFacts
    from .jobs.models import Job
    from .models import Advice

#: Parts of the engine that requests import when they first need them. Their import takes a tenth of a second.
_ENGINE = (
    "conda.formats.exact",
    "conda.formats.reading",
    "conda.solving.candidates",
    "conda.solving.solve",
    "conda.transaction.apply",
    "plans.imports",
    "plans.suggestions",
    "tensorflow.catalog.releases",
    "tensorflow.catalog.selection",
    "tensorflow.catalog.nearby",
)


class Configuration(Protocol):
    """The settings that the services follow; the server extension has them as traits."""

    @property
    def channels(self) -> Sequence[str]: ...

    @property
    def allowed_channels(self) -> Sequence[str]: ...

    @property
    def python_index(self) -> str: ...

    @property
    def allowed_indexes(self) -> Sequence[str]: ...

    @property
    def allow_source_builds(self) -> bool: ...

    @property
    def allow_url_requirements(self) -> bool: ...

    @property
    def envs_dir(self) -> str: ...

    @property
    def package_cache(self) -> str: ...

    @property
    def package_cache_limit(self) -> int | str: ...

    @property
    def max_running_jobs(self) -> int: ...

    @property
    def protected_environments(self) -> Sequence[str]: ...

    @property
    def kernel_display_name(self) -> str: ...

    @property
    def kernel_filter(self) -> str: ...

    @property
    def check_after_change(self) -> bool: ...

    @property
    def offline(self) -> bool: ...

    @property
    def warnings(self) -> Sequence[str]: ...

    @property
    def log(self) -> Any: ...


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
    ) -> None:
        """Create all services. This blocks for the disk, so it must not run on the event loop.

        ``sessions`` and ``kernels`` are the server's managers of sessions and of kernelspecs.
        """
        from .conda.repodata.repodata import Repodata
        from .tensorflow.catalog.catalog import Catalog

        self.configuration = configuration
        log = configuration.log
        settings = _settings(configuration)
        named = _folder(configuration.envs_dir)
        #: The directories that the services write to.
        self.directories = Directories(
            [named] if named else settings.envs_dirs, _folder(configuration.package_cache), kernelspecs.fault
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
            self.repodata, self.catalog, self.environments, self.envs_dir, permission, index, self.search.on_index
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
            lambda: self.environments, lambda: self.kernels, lambda: self.jobs.running, self._use_local_channel, log
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
            max_running=configuration.max_running_jobs,
            aftermath=self.aftermath,
            follow=self._follow,
            log=log,
        )
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
        configuration = self.configuration
        return IndexPolicy(
            python_index=configuration.python_index,
            allowed_indexes=tuple(configuration.allowed_indexes),
            allow_source_builds=configuration.allow_source_builds,
            allow_url_requirements=configuration.allow_url_requirements,
            offline=configuration.offline,
            cache=self.directories.uv_cache,
        )

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
        await self.jobs.recover([*prefixes, self.envs_dir / "any"])
        # Load the catalog before the panel requests it; the first registration of many kernels may take longer.
        await asyncio.gather(self.kernels.reconcile(), self._load_catalog())

    async def _follow(self, job: Job) -> None:
        """Do what follows a job that succeeded, once its prefix is free again."""
        await self.checks.follow(job)
        if job.kind not in ("check", "clean", "build-channel"):
            await self.jobs.limit_cache()

    async def stop(self) -> None:
        """Stop the running jobs and the watching of environments."""
        await self.jobs.running.stop()
        await self.environments.stop()
        await self.aftermath.stop()

    async def _load_catalog(self) -> None:
        with contextlib.suppress(TfenvError):
            await self.catalog.get()

    def _advice(self, facts: EnvironmentFacts) -> Iterable[Advice]:
        from .tensorflow.advice import advise

        return advise(facts, self.catalog.known(facts))


class SharedServices:
    """Holder that creates the services of a server once, in a thread, for the first request."""

    def __init__(self, build: Callable[[], Services]) -> None:
        self._build = build
        self._services: Services | None = None
        self._lock = asyncio.Lock()

    async def get(self) -> Services:
        """Return the services, after they are created."""
        async with self._lock:
            if self._services is None:
                self._services = await asyncio.to_thread(self._built)
        return self._services

    async def start(self) -> None:
        """Create the services and start them."""
        await (await self.get()).start()

    async def stop(self) -> None:
        """Stop the services, if they were created."""
        if self._services is not None:
            await self._services.stop()

    def _built(self) -> Services:
        services = self._build()
        # A request that imported one of them would hold up the event loop.
        for name in _ENGINE:
            importlib.import_module(f"{__package__}.{name}")
        # So would the first client, which reads certificates. A failure is reported by the request that needs it.
        with contextlib.suppress(Exception):
            _ = services.repodata.gateway
        return services


def _settings(configuration: Configuration) -> CondaSettings:
    """Return the settings of condarc, overridden by the traits."""
    from .conda.settings import condarc

    settings = condarc.load()
    if configuration.channels:
        settings = condarc.with_channels(settings, configuration.channels)
    return replace(settings, offline=True) if configuration.offline else settings


def _folder(text: str) -> Path | None:
    return Path(text).expanduser().absolute() if text else None
