"""The base handler: authorization resource, body parsing, and the one place where errors become HTTP."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import url_path_join
from tornado import web

from ..errors import InvalidRequest, TfenvError

if TYPE_CHECKING:
    from ..services import Services, SharedServices

#: Resource name for ``@authorized``.
AUTH_RESOURCE = "tfenv_lab"
#: Path of the REST contract below the server's base URL.
ROOT = "tfenv-lab"
#: A request body above this many bytes is refused before it is parsed.
MAX_BODY = 10 * 1024 * 1024


class BaseHandler(APIHandler):
    """What every endpoint shares. Subclasses hold one URL each, a method of a few lines a verb."""

    auth_resource = AUTH_RESOURCE
    #: The services of the server, there before the method of the verb is called.
    services: Services

    async def prepare(self) -> None:  # type: ignore[override]
        """Wait until the services are built."""
        await super().prepare()
        shared: SharedServices | None = self.settings.get("tfenv_lab_services")
        if shared is not None and not self._finished:
            self.services = await shared.get()

    def body(self) -> dict[str, Any]:
        """Return the request body, a JSON object, or raise InvalidRequest."""
        if len(self.request.body) > MAX_BODY:
            raise InvalidRequest("The request body is larger than 10 MB.")
        try:
            parsed = json.loads(self.request.body.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            raise InvalidRequest("The request body is not JSON.", str(error)) from error
        if not isinstance(parsed, dict):
            raise InvalidRequest("The request body must be a JSON object.")
        return parsed

    def send(self, model: Any, status: int = 200, location: str | None = None) -> None:
        """Finish with ``model`` (a dict, a dataclass, or what has ``to_json``) as JSON.

        ``location`` is relative to the contract's root.
        """
        self.set_status(status)
        if location is not None:
            self.set_header("Location", url_path_join(self.base_url, ROOT, location))
        self.finish(json.dumps(_body(model)))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer every failure with the contract's error body; a traceback stays in the log."""
        error = kwargs.get("exc_info", (None, None, None))[1]
        if isinstance(error, TfenvError):
            body = error.to_json()
            self.set_status(error.status)
        elif isinstance(error, web.HTTPError):
            reason = {403: "forbidden", 404: "not-found"}.get(error.status_code, "invalid-request")
            message = error.log_message or error.reason or "The request was refused."
            body = {"reason": reason, "message": message, "hint": None, "details": None}
        else:
            body = {
                "reason": "internal",
                "message": "The server met an error of its own.",
                "hint": "The server's log holds the cause.",
                "details": None,
            }
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log what a user can cause as one line, anything else with its traceback."""
        if isinstance(value, TfenvError):
            self.log.info("%s %s: %s (%s)", self.request.method, self.request.path, value.message, value.reason)
        else:
            super().log_exception(typ, value, tb)


class RefusalHandler(BaseHandler):
    """Answers every call where the extension cannot serve; the error says why."""

    def initialize(self, refusal: TfenvError) -> None:
        """Take the error that every call meets."""
        self._refusal = refusal

    async def prepare(self) -> None:  # type: ignore[override]
        """Wait for nothing: there are no services."""
        await APIHandler.prepare(self)

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        raise self._refusal

    head = post = put = patch = delete = get


def _body(model: Any) -> Any:
    if hasattr(model, "to_json"):
        return model.to_json()
    return dataclasses.asdict(model) if dataclasses.is_dataclass(model) and not isinstance(model, type) else model
