"""``environments/{id}/terminals``: terminals in which an environment is active."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async
from jupyter_server.auth.decorator import authorized
from tornado import web

from ..disk.writes import is_within
from ..environments import shells
from ..errors import InvalidRequest
from ..sentences import say
from .base import BaseHandler


class TerminalsHandler(BaseHandler):
    """``POST environments/{id}/terminals``."""

    @web.authenticated
    @authorized
    async def post(self, identifier: str) -> None:
        """Start a terminal, with TensorBoard if the body has a directory of logs, and send its name."""
        manager = self.settings.get("terminal_manager")
        # A user of this extension may still not use terminals.
        allowed = await ensure_async(self.authorizer.is_authorized(self, self.current_user, "execute", "terminals"))
        if manager is None or not allowed:
            raise InvalidRequest(
                say("This server has no terminals."), hint=say("Ask its administrator to turn them on.")
            )
        body = self.body() if self.request.body else {}
        logs = body.get("logs")
        if body.keys() - {"logs"} or not (logs is None or isinstance(logs, str)):
            raise InvalidRequest(say("The body may have only “logs”, a string or null."))
        environment = await self.services.environments.readable(identifier)
        prefix, root = Path(environment.prefix), self.services.conda.root_prefix
        place = None if logs is None else await asyncio.to_thread(self._inside, logs)
        if place is not None:
            await asyncio.to_thread(shells.require_tensorboard, prefix, environment.id)
        shell = await asyncio.to_thread(shells.shell_of, prefix, root, str(manager.shell_command[0]), place)
        model = manager.create(extra_env=shell.variables, cwd=self._top())
        if shell.line is not None:
            process: Any = manager.get_terminal(model["name"]).ptyproc
            # The shell reads it after its startup files.
            await asyncio.to_thread(process.write, f"{shell.line}\n")
        self.send({"name": model["name"]}, 201)

    def _top(self) -> str | None:
        top = getattr(self.contents_manager, "root_dir", None)
        return str(top) if top else None

    def _inside(self, logs: str) -> Path:
        """Return the directory of a path in the file browser. Raises InvalidRequest if it is outside."""
        top = self._top()
        place = Path(top or "/", logs.strip("/"))
        if top is None or "\0" in logs or not is_within(place, top):
            raise InvalidRequest(
                say("“logs” is not a directory of the file browser."), hint=say("Give its path as in the file browser.")
            )
        return place.absolute()


HANDLERS: list[tuple[str, type[BaseHandler]]] = [(r"environments/([^/]+)/terminals", TerminalsHandler)]
