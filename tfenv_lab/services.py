"""The services of a server, each created when it is first used.

The first service that needs rattler imports it, never the start of the server.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import platformdirs

from .disk.reads import BoundedReads
from .disk.space import writable
from .environments.service import EnvironmentService
from .errors import TfenvError
from .jobs.aftermath import Aftermath
from .jobs.checks import CheckService
from .jobs.events import JobEvents
from .jobs.service import JobService
from .jobs.store import JobStore
from .kernels.service import KernelService
from .local_channel.service import LocalChannel
from .plans.planner import Planner
from .plans.service import PlanService

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jupyter_events import EventLogger

    from .app import TfenvLab
    from .conda.repodata.repodata import Repodata
    from .conda.settings.condarc import CondaSettings
    from .environments.models import AvailableUpdate, EnvironmentFacts
    from .jobs.models import Job
    from .models import Advice
    from .tensorflow.catalog.catalog import Catalog


class Services:
    """The services that the handlers use. ``app`` holds the configuration."""

    def __init__(
        self, app: TfenvLab, event_logger: EventLogger | None, sessions: Any = None, kernels: Any = None
    ) -> None:
        self.app = app
        self._event_logger = event_logger
        self._sessions = sessions
        self._kernel_specs = kernels
        self._state = Path(platformdirs.user_state_dir("tfenv_lab"))

    @cached_property
    def configured(self) -> CondaSettings:
        """The settings of condarc, overridden by the traits."""
        from .conda.settings import condarc

        settings = condarc.load()
        if self.app.channels:
            settings = condarc.with_channels(settings, self.app.channels)
        return replace(settings, offline=True) if self.app.offline else settings

    @cached_property
    def local_channel(self) -> LocalChannel:
        """The choice between the configured channels and a local channel."""
        return LocalChannel(self._state / "local-channel.json", self.configured, bool(self.app.allowed_channels))

    @property
    def conda(self) -> CondaSettings:
        """The settings in use; only their channels can change while the server runs."""
        return self.local_channel.settings

    @cached_property
    def envs_dir(self) -> Path:
        """The directory for new environments."""
        if self.app.envs_dir:
            return Path(self.app.envs_dir).expanduser().absolute()
        return next((path for path in self.conda.envs_dirs if _writable.run([path])[path]), self.conda.envs_dirs[0])

    @cached_property
    def package_cache(self) -> Path:
        """The directory for unpacked packages, whose files the environments share by hard links."""
        if self.app.package_cache:
            return Path(self.app.package_cache).expanduser().absolute()
        return Path(platformdirs.user_cache_dir("tfenv_lab")) / "pkgs"

    @property
    def allowed_channels(self) -> tuple[str, ...]:
        """The names of the channels that a spec may name at the moment."""
        return tuple(self.app.allowed_channels) or tuple(ref.name for ref in self.conda.channels)

    @cached_property
    def repodata(self) -> Repodata:
        """The channel data."""
        from .conda.repodata.repodata import Repodata

        return Repodata(self.conda)

    @cached_property
    def catalog(self) -> Catalog:
        """The TensorFlow releases on the channels."""
        from .tensorflow.catalog.catalog import Catalog

        return Catalog(self.repodata)

    @cached_property
    def kernels(self) -> KernelService:
        """The kernelspecs of the environments."""
        return KernelService(
            self.conda,
            prefixes=lambda: self.environments.known_prefixes(),
            display_name=self.app.kernel_display_name,
            envs_dir=self.envs_dir,
            manager=self._kernel_specs,
            parent=self.app,
        )

    @cached_property
    def environments(self) -> EnvironmentService:
        """The environments of this machine."""
        return EnvironmentService(
            self.conda,
            envs_dir=self.envs_dir,
            protected=self.app.protected_environments,
            updates=self._updates,
            advice=[self._advice, lambda found: self.kernels.advice(found)],
            knowledge=lambda: (
                self.__dict__["catalog"].knowledge if "catalog" in self.__dict__ else None,
                self.kernels.trouble(),
            ),
            busy_of=lambda prefix: self.jobs.busy_of(prefix),
            kernels_of=lambda: self.kernels.registered(),
            checks_of=self.checks.newest,
            on_change=lambda prefixes: self.aftermath.reconcile(prefixes),
            parent=self.app,
        )

    @cached_property
    def plans(self) -> PlanService:
        """The plans."""
        planner = Planner(self.repodata, self.catalog, self.environments, self.envs_dir, lambda: self.allowed_channels)
        return PlanService(planner, self.repodata, self._state / "plans", self.package_cache, self.notebooks_in)

    @cached_property
    def _job_store(self) -> JobStore:
        return JobStore(self._state / "jobs")

    @cached_property
    def checks(self) -> CheckService:
        """The checks."""
        return CheckService(
            self._job_store,
            lambda: self.environments,
            lambda: self.kernels,
            lambda: self.jobs,
            automatic=self.app.check_after_change,
        )

    @cached_property
    def aftermath(self) -> Aftermath:
        """The work that follows a job in the server."""
        return Aftermath(
            lambda: self.environments, lambda: self.kernels, lambda: self.jobs, self._use_local_channel, self.app.log
        )

    @cached_property
    def jobs(self) -> JobService:
        """The jobs."""
        return JobService(
            settings=lambda: self.conda,
            store=self._job_store,
            events=JobEvents(self._event_logger),
            plans=lambda: self.plans,
            package_cache=self.package_cache,
            max_running=self.app.max_running_jobs,
            aftermath=self.aftermath,
            follow=self.checks.follow,
            parent=self.app,
        )

    async def notebooks_in(self, prefix: Path) -> list[str]:
        """Return the paths of the notebooks whose running kernels use a prefix."""
        if self._sessions is None:
            return []
        kernel = await self.kernels.kernel_of(prefix)
        if kernel is None:
            return []
        sessions = await self._sessions.list_sessions()
        return [s["path"] for s in sessions if (s.get("kernel") or {}).get("name") == kernel.name]

    async def build_local_channel(self) -> Job:
        """Start the job that builds a local channel from PyPI wheels; it then replaces the configured channels.

        Raises ChannelNotAllowed, InvalidRequest (this machine cannot build a channel) or PrefixBusy.
        """
        from .wheelchannel.channel import folder

        await asyncio.to_thread(self.local_channel.require)
        return await self.jobs.build_channel(folder())

    async def leave_local_channel(self) -> None:
        """Use the configured channels again. The local channel stays on disk."""
        self.local_channel.leave()
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
        await self.kernels.reconcile()
        # Import the engine off the event loop, and load the catalog before the panel requests it.
        await asyncio.to_thread(importlib.import_module, "rattler")
        with contextlib.suppress(TfenvError):
            await self.catalog.get()

    async def stop(self) -> None:
        """Stop the running jobs and the watching of environments."""
        if "jobs" in self.__dict__:
            await self.jobs.stop()
        if "environments" in self.__dict__:
            await self.environments.stop()

    def _updates(self, facts: EnvironmentFacts) -> AvailableUpdate:
        from .environments.models import AvailableUpdate

        # Use only what is in memory, so that listing environments never waits for the network.
        return self.catalog.updates(facts) if "catalog" in self.__dict__ else AvailableUpdate()

    def _advice(self, facts: EnvironmentFacts) -> Iterable[Advice]:
        from .tensorflow.advice import Known, advise

        return advise(facts, self.catalog.known(facts) if "catalog" in self.__dict__ else Known())


#: A drive that does not answer counts as not writable.
_writable = BoundedReads(writable)
