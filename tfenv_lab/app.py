"""The server extension: configuration, services, handlers and the event schema."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from jupyter_server.utils import url_path_join
from traitlets import Bool, Int

from .configuration import (
    CheckedApp,
    DisplayName,
    Folder,
    Texts,
    channel_fault,
    environment_fault,
    refusal,
    unread,
)
from .errors import NotStarted, TfenvError
from .handlers.base import ROOT, RefusalHandler
from .handlers.catalog import HANDLERS as CATALOG
from .handlers.environments import HANDLERS as ENVIRONMENTS
from .handlers.jobs import HANDLERS as JOBS
from .handlers.local_channel import HANDLERS as LOCAL_CHANNEL
from .handlers.plans import HANDLERS as PLANS
from .handlers.status import HANDLERS as STATUS
from .jobs.events import SCHEMA_PATH
from .kernels import provisioner
from .services import Services, SharedServices

HANDLERS = [*STATUS, *ENVIRONMENTS, *CATALOG, *PLANS, *JOBS, *LOCAL_CHANNEL]


class TfenvLab(CheckedApp):
    """TensorFlow environments, as kernels, for JupyterLab.

    A bad value of a trait makes the extension refuse to serve, as its default could allow more than was meant. One
    that is tagged ``harmless`` is only passed over.
    """

    name = "tfenv_lab"
    load_other_extensions = True
    #: Why every call is refused; None where the extension works.
    _refusal: TfenvError | None = None

    channels = Texts(
        channel_fault,
        help="Channels in order of priority: names, URLs or file:// URLs. Default: condarc's, else conda-forge.",
    ).tag(config=True)
    allowed_channels = Texts(
        channel_fault,
        help="Channels that a package spec or an imported file may name. Default: the configured ones. "
        "Where it is set, no local channel is built from PyPI to take their place.",
    ).tag(config=True)
    envs_dir = Folder(
        "",
        help="Directory in which new environments are made. Default: condarc's first writable envs_dir, else "
        "~/.conda/envs.",
    ).tag(config=True)
    package_cache = Folder(
        "",
        help="Directory in which packages are kept unpacked. On the file system of the environments they share "
        "its files. Default: in the user's cache directory.",
    ).tag(config=True)
    max_running_jobs = Int(2, min=1, help="Jobs that run at the same time; further ones wait.").tag(
        config=True, harmless=True
    )
    protected_environments = Texts(
        environment_fault,
        help="Names or paths of environments that must not be changed from here, beside the base environment and the "
        "one that runs the server.",
    ).tag(config=True)
    kernel_display_name = DisplayName(
        "{name} (TensorFlow {tensorflow})",
        help="What a kernel is called in the launcher: a format with {name}, {tensorflow}, {language}, {version}. "
        "Environments without TensorFlow are called {name} ({language} {version}).",
    ).tag(config=True, harmless=True)
    check_after_change = Bool(
        True, help="Run TensorFlow in an environment, in the background, after it was made or its TensorFlow changed."
    ).tag(config=True, harmless=True)
    offline = Bool(False, help="Use only what is cached of the channels; ask the network for nothing.").tag(config=True)

    def initialize(self) -> None:  # type: ignore[override]
        """Load the extension. Where it must not serve or cannot start, every call is answered with the reason."""
        self._refusal = self._misconfigured()
        if self._refusal is None:
            for message in self.warnings:
                self.log.warning("Configuration: %s", message)
            try:
                super().initialize()  # type: ignore[no-untyped-call]
            except Exception as error:
                self.log.exception("tfenv_lab cannot start")
                self._refusal = _not_started(error)
        else:
            self.log.error("tfenv_lab refuses to serve: %s", self._refusal.message)
        if self._refusal is not None:
            server: Any = self.serverapp
            web_app = server.web_app
            pattern = url_path_join(web_app.settings["base_url"], ROOT, "(.*)")
            web_app.add_handlers(".*$", [(pattern, RefusalHandler, {"refusal": self._refusal})])

    def _misconfigured(self) -> TfenvError | None:
        server: Any = self.serverapp
        faults = self.faults
        # A file that the command line names takes the place of the usual one.
        own = [] if server.config_file else [server.config_file_name]
        faults += unread(server, ["jupyter_config", *own], server.config_file)
        # The one that was started (JupyterLab) has a file of its own, which may hold settings of this one.
        for app in dict.fromkeys(filter(None, (server.starter_app, self))):
            faults += unread(app, [app.config_file_name])
        found = refusal(faults)
        if found is None and not self._linked:
            return _not_started("Jupyter could not link it")
        return found

    def initialize_settings(self) -> None:
        """Prepare the services and register the event schema."""
        server = self.serverapp
        logger = getattr(server, "event_logger", None)
        if logger is not None:
            logger.register_event_schema(SCHEMA_PATH)
        self.services = SharedServices(
            partial(
                Services,
                self,
                logger,
                sessions=getattr(server, "session_manager", None),
                kernels=getattr(server, "kernel_spec_manager", None),
            )
        )
        self.settings["tfenv_lab_services"] = self.services
        provisioner.install(server)

    def initialize_handlers(self) -> None:
        """Put every handler below the contract's root."""
        self.handlers.extend((url_path_join(ROOT, pattern), handler) for pattern, handler in HANDLERS)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Settle what an earlier server left, beside the first requests."""
        if self._refusal is not None:
            return
        self._starting = asyncio.ensure_future(self.services.start())
        self._starting.add_done_callback(self._started)

    def _started(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.log.error("Recovery at start failed", exc_info=task.exception())

    async def stop_extension(self) -> None:
        """End the workers."""
        starting = getattr(self, "_starting", None)
        if starting is not None:
            starting.cancel()
        services = getattr(self, "services", None)
        if services is not None:
            await services.stop()


def _not_started(why: object) -> NotStarted:
    return NotStarted(f"tfenv_lab cannot start: {why}.")
