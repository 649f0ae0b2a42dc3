"""``GET api/kernelspecs``: Jupyter's own list, after the kernels of new environments are registered."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from jupyter_server.services.kernelspecs.handlers import MainKernelSpecHandler

if TYPE_CHECKING:
    from ..shared_services import SharedServices

#: Seconds after which the list is sent without waiting longer.
PATIENCE = 2.0
#: The path below the server's base URL. Handlers of extensions take precedence over Jupyter's.
PATH = "api/kernelspecs"


class KernelspecsHandler(MainKernelSpecHandler):
    """Jupyter's handler, which first lets new environments be registered."""

    async def prepare(self) -> None:  # type: ignore[override]
        """Register new environments. If that takes long or fails, the list is what it is."""
        await super().prepare()
        shared: SharedServices | None = self.settings.get("tfenv_lab_services")
        if shared is None or self._finished or self.current_user is None:
            return
        look = asyncio.ensure_future(_look(shared))
        # The look goes on after that time, so that the next list has its result.
        done, _ = await asyncio.wait([look], timeout=PATIENCE)
        if done and look.exception() is not None:
            self.log.error("The kernels of new environments could not be registered", exc_info=look.exception())


async def _look(shared: SharedServices) -> None:
    await (await shared.get()).environments.list()
