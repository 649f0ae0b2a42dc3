"""Jupyter Server extension: its traits, services, handlers and event schema."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from jupyter_server.utils import url_path_join
from traitlets import Bool, Int

from .configuration import CheckedApp, refusal, unread
from .errors import NotStarted, TfenvError
from .handlers import kernelspecs
from .handlers.base import ROOT, RefusalHandler
from .handlers.catalog import HANDLERS as CATALOG
from .handlers.disk import HANDLERS as DISK
from .handlers.environments import HANDLERS as ENVIRONMENTS
from .handlers.files import HANDLERS as FILES
from .handlers.jobs import HANDLERS as JOBS
from .handlers.local_channel import HANDLERS as LOCAL_CHANNEL
from .handlers.plans import HANDLERS as PLANS
from .handlers.status import HANDLERS as STATUS
from .handlers.terminals import HANDLERS as TERMINALS
from .jobs.events import SCHEMA_PATH
from .kernels import provisioner
from .services import Services
from .shared_services import SharedServices
from .traits import (
    Bytes,
    DisplayName,
    Folder,
    IndexPlace,
    Pattern,
    Texts,
    channel_fault,
    environment_fault,
    index_fault,
    variable_pattern_fault,
)

HANDLERS = [*STATUS, *ENVIRONMENTS, *CATALOG, *FILES, *PLANS, *JOBS, *LOCAL_CHANNEL, *DISK, *TERMINALS]


class TfenvLab(CheckedApp):
    """Server extension that manages TensorFlow environments and their kernels for JupyterLab.

    An invalid value of a trait makes the extension refuse to serve, because the default could allow more than was
    meant. An invalid value of a trait that is tagged ``harmless`` is ignored with a warning.
    """

    name = "tfenv_lab"
    load_other_extensions = True
    #: The error that every call gets; None if the extension works.
    refusal: TfenvError | None = None

    channels = Texts(
        channel_fault,
        help="Channels in order of priority: names, URLs or file:// URLs. Default: those of condarc, or conda-forge.",
    ).tag(config=True)
    allowed_channels = Texts(
        channel_fault,
        help="Channels that a package spec or an imported file may name. Default: the configured channels. "
        "If this is set, users cannot replace the channels with a local channel.",
    ).tag(config=True)
    python_index = IndexPlace(
        "",
        help="Package index to read instead of those that pip and uv are configured with: a URL or a directory. "
        "Default: pip's and uv's own configuration, or https://pypi.org/simple.",
    ).tag(config=True)
    allowed_indexes = Texts(
        index_fault,
        help="Package indexes and directories of packages that may be read, with everything below them, and places "
        "that requirements may name. Others that pip or uv are configured with are not read. Default: all.",
    ).tag(config=True)
    allow_source_builds = Bool(
        True,
        help="Whether a plan may build packages from source, which runs their code, if a user agrees. "
        "Otherwise only wheels are installed.",
    ).tag(config=True)
    allow_url_requirements = Bool(
        True, help="Whether a requirement may name a URL, a path or a repository instead of a version."
    ).tag(config=True)
    envs_dir = Folder(
        "",
        help="Directory in which new environments are created. Default: the first writable directory of condarc's "
        "envs_dirs, or ~/.conda/envs.",
    ).tag(config=True)
    package_cache = Folder(
        "",
        help="Directory for unpacked packages. Environments on the same file system share its files. Default: a "
        "directory in the user's cache.",
    ).tag(config=True)
    package_cache_limit = Bytes(
        0,
        help="Maximum size of the package cache: a number of bytes, or a text such as “20 GB”; 0: no limit. If it is "
        "larger after a job, packages that no environment has are deleted: first those that were not used for the "
        "longest time, and at last those that reverts need.",
    ).tag(config=True, harmless=True)
    undo_minutes = Int(
        10,
        min=0,
        max=1440,
        help="Minutes for which a deleted environment can be restored; until then, it takes its space. 0: delete at "
        "once.",
    ).tag(config=True, harmless=True)
    max_running_jobs = Int(2, min=1, help="Number of jobs that may run at the same time; further jobs wait.").tag(
        config=True, harmless=True
    )
    protected_environments = Texts(
        environment_fault,
        help="Names or paths of environments that tfenv_lab must not change. The base environment and the environment "
        "of the server are always protected.",
    ).tag(config=True)
    kernel_display_name = DisplayName(
        "{name} (TensorFlow {tensorflow})",
        help="Display name of a kernel: a format with {name}, {tensorflow}, {language} and {version}. "
        "The kernel of an environment without TensorFlow is called “{name} ({language} {version})”.",
    ).tag(config=True, harmless=True)
    kernel_filter = Pattern(
        "",
        help="Regular expression for the paths of environments whose kernels are not registered, as env_filter of "
        "nb_conda_kernels. Default: the kernels of all environments are registered.",
    ).tag(config=True)
    kernel_variables_excluded = Texts(
        variable_pattern_fault,
        help="Names of variables, or patterns with * such as *_TOKEN, that kernelspecs must not contain, because other "
        "programs read them. The kernels that this server starts have these variables nevertheless.",
    ).tag(config=True)
    check_after_change = Bool(
        True, help="Check an environment in the background after it is created or its TensorFlow changes."
    ).tag(config=True, harmless=True)
    offline = Bool(False, help="Use only cached channel data and packages, and make no network request.").tag(
        config=True
    )

    def initialize(self) -> None:  # type: ignore[override]
        """Load the extension. If it must not serve or cannot start, answer every call with the reason."""
        self.refusal = self.misconfigured()
        if self.refusal is None:
            for message in self.warnings:
                self.log.warning("Configuration: %s", message)
            try:
                super().initialize()  # type: ignore[no-untyped-call]
            except Exception as error:
                self.log.exception("tfenv_lab cannot start")
                self.refusal = _not_started(error)
        else:
            self.log.error("tfenv_lab refuses to serve: %s", self.refusal.message)
        if self.refusal is not None:
            server: Any = self.serverapp
            web_app = server.web_app
            pattern = url_path_join(web_app.settings["base_url"], ROOT, "(.*)")
            web_app.add_handlers(".*$", [(pattern, RefusalHandler, {"refusal": self.refusal})])

    def misconfigured(self) -> TfenvError | None:
        """Return the error that every call answers if the configuration is faulty or the link failed, or None."""
        server: Any = self.serverapp
        faults = self.faults
        # A file that is named on the command line replaces the usual one.
        own = [] if server.config_file else [server.config_file_name]
        faults += unread(server, ["jupyter_config", *own], server.config_file)
        # The application that was started (JupyterLab) has its own file, which may hold settings of this extension.
        for app in dict.fromkeys(filter(None, (server.starter_app, self))):
            faults += unread(app, [app.config_file_name])
        found = refusal(faults)
        if found is None and not self._linked:
            return _not_started("Jupyter could not link the extension")
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
        """Register every handler below the root of the REST contract."""
        self.handlers.extend((url_path_join(ROOT, pattern), handler) for pattern, handler in HANDLERS)
        self.handlers.append((kernelspecs.PATH, kernelspecs.KernelspecsHandler))

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Begin to clean up after earlier servers, while the first requests are already served."""
        if self.refusal is not None:
            return
        self._starting = asyncio.ensure_future(self.services.start())
        self._starting.add_done_callback(self._started)

    def _started(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and task.exception() is not None:
            self.log.error("Recovery at start failed", exc_info=task.exception())

    async def stop_extension(self) -> None:
        """Stop the workers."""
        starting = getattr(self, "_starting", None)
        if starting is not None:
            starting.cancel()
        services = getattr(self, "services", None)
        if services is not None:
            await services.stop()


def _not_started(why: object) -> NotStarted:
    return NotStarted(f"tfenv_lab cannot start: {why}.")
