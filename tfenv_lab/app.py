"""The server extension: configuration, services, handlers and the event schema."""

from __future__ import annotations

import asyncio
from typing import Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join
from traitlets import Bool, Int, List, Unicode

from .base import ROOT
from .environments.export_handlers import HANDLERS as EXPORT
from .environments.handlers import HANDLERS as ENVIRONMENTS
from .jobs.events import SCHEMA_PATH
from .jobs.handlers import HANDLERS as JOBS
from .kernels import provisioner
from .local_channel.handlers import HANDLERS as LOCAL_CHANNEL
from .plans.handlers import HANDLERS as PLANS
from .services import Services
from .status import HANDLERS as STATUS
from .tensorflow.handlers import HANDLERS as TENSORFLOW

HANDLERS = [*STATUS, *ENVIRONMENTS, *EXPORT, *TENSORFLOW, *PLANS, *JOBS, *LOCAL_CHANNEL]


class TfenvLab(ExtensionApp):
    """TensorFlow environments, as kernels, for JupyterLab."""

    name = "tfenv_lab"
    load_other_extensions = True

    channels = List(
        Unicode(),
        help="Channels in order of priority: names, URLs or file:// URLs. Default: condarc's, else conda-forge.",
    ).tag(config=True)
    allowed_channels = List(
        Unicode(),
        help="Channels that a package spec or an imported file may name. Default: the configured ones. "
        "Where it is set, no local channel is built from PyPI to take their place.",
    ).tag(config=True)
    envs_dir = Unicode(
        "",
        help="Directory in which new environments are made. Default: condarc's first writable envs_dir, else "
        "~/.conda/envs.",
    ).tag(config=True)
    package_cache = Unicode(
        "",
        help="Directory in which packages are kept unpacked. On the file system of the environments they share "
        "its files. Default: in the user's cache directory.",
    ).tag(config=True)
    max_running_jobs = Int(2, min=1, help="Jobs that run at the same time; further ones wait.").tag(config=True)
    protected_environments = List(
        Unicode(),
        help="Names or paths of environments that must not be changed from here, beside the base environment and the "
        "one that runs the server.",
    ).tag(config=True)
    kernel_display_name = Unicode(
        "{name} (TensorFlow {tensorflow})",
        help="What a kernel is called in the launcher: a format with {name}, {tensorflow}, {language}, {version}. "
        "Environments without TensorFlow are called {name} ({language} {version}).",
    ).tag(config=True)
    check_after_change = Bool(
        True, help="Run TensorFlow in an environment, in the background, after it was made or its TensorFlow changed."
    ).tag(config=True)
    offline = Bool(False, help="Use only what is cached of the channels; ask the network for nothing.").tag(config=True)

    def initialize_settings(self) -> None:
        """Build the services and register the event schema."""
        server = self.serverapp
        logger = getattr(server, "event_logger", None)
        if logger is not None:
            logger.register_event_schema(SCHEMA_PATH)
        self.services = Services(
            self,
            logger,
            sessions=getattr(server, "session_manager", None),
            kernels=getattr(server, "kernel_spec_manager", None),
        )
        self.settings["tfenv_lab_services"] = self.services
        provisioner.install(server)

    def initialize_handlers(self) -> None:
        """Put every handler below the contract's root."""
        self.handlers.extend((url_path_join(ROOT, pattern), handler) for pattern, handler in HANDLERS)

    async def _start_jupyter_server_extension(self, serverapp: Any) -> None:
        """Settle what an earlier server left, beside the first requests."""
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
        await self.services.stop()
