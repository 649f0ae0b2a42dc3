"""Jupyter Server extension: its traits, services, handlers and event schema."""

from __future__ import annotations

import asyncio
import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from jupyter_server.extension.application import ExtensionApp
from jupyter_server.utils import url_path_join

from .configuration import refusal, unread
from .errors import NotStarted, TfenvError
from .handlers import kernelspecs
from .handlers.annotations import HANDLERS as ANNOTATIONS
from .handlers.base import ROOT, RefusalHandler
from .handlers.catalog import HANDLERS as CATALOG
from .handlers.clusters import HANDLERS as CLUSTERS
from .handlers.disk import HANDLERS as DISK
from .handlers.environments import HANDLERS as ENVIRONMENTS
from .handlers.files import HANDLERS as FILES
from .handlers.jobs import HANDLERS as JOBS
from .handlers.local_channel import HANDLERS as LOCAL_CHANNEL
from .handlers.plans import HANDLERS as PLANS
from .handlers.status import HANDLERS as STATUS
from .handlers.terminals import HANDLERS as TERMINALS
from .jobs.events import SCHEMAS
from .kernels import default_provisioner
from .sentences import say
from .settings import TfenvLab
from .shared_services import SharedServices

if TYPE_CHECKING:
    from .services import Services

HANDLERS = [
    *STATUS,
    *ENVIRONMENTS,
    *CATALOG,
    *FILES,
    *PLANS,
    *JOBS,
    *LOCAL_CHANNEL,
    *DISK,
    *TERMINALS,
    *ANNOTATIONS,
    *CLUSTERS,
]


class TfenvExtension(TfenvLab, ExtensionApp):
    """Server extension that manages TensorFlow environments and their kernels for JupyterLab.

    It refuses to serve if a setting is invalid whose default could allow more than was meant.
    """

    name = "tfenv_lab"
    load_other_extensions = True
    #: The error that every call gets; None if the extension works.
    refusal: TfenvError | None = None

    def initialize(self) -> None:  # type: ignore[override]
        """Load the extension. If it must not serve or cannot start, answer every call with the reason."""
        server: Any = self.serverapp
        # What the modules of this package log appears in the server's log, with its format and its level.
        logging.getLogger(__package__).parent = server.log
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
            return _not_started(say("Jupyter could not link the extension"))
        return found

    def initialize_settings(self) -> None:
        """Prepare the services and register the event schema."""
        server = self.serverapp
        logger = getattr(server, "event_logger", None)
        if logger is not None:
            for path in sorted(SCHEMAS.glob("*.yaml")):
                logger.register_event_schema(path)
        self.services = SharedServices(self._build)
        self.settings["tfenv_lab_services"] = self.services
        default_provisioner.install(server)

    def _build(self) -> Services:
        """Create the services. They are imported here, in the thread, so that the server does not wait for them."""
        from .services import Services

        server: Any = self.serverapp
        return Services(
            self,
            getattr(server, "event_logger", None),
            sessions=getattr(server, "session_manager", None),
            kernels=getattr(server, "kernel_spec_manager", None),
            active=self._count_as_activity,
        )

    def _count_as_activity(self) -> None:
        """Let the server count as active now, because a job runs: programs that end idle servers would end the job.

        Jupyter Server reads all settings that end with ``_last_activity``; JupyterHub and others ask it.
        """
        server: Any = self.serverapp
        server.web_app.settings["tfenv_lab_last_activity"] = datetime.now(timezone.utc)

    def current_activity(self) -> bool:
        """Return whether jobs run. Then ``shutdown_no_activity_timeout`` does not end the server."""
        services = getattr(self, "services", None)
        return services is not None and services.is_active

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
        logging.getLogger(__package__).parent = logging.root


def _not_started(why: object) -> NotStarted:
    return NotStarted(say("tfenv_lab cannot start: {why}.", why=why))
