"""Base class of the handlers: authorization, request bodies, and the conversion of errors to HTTP responses."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from jupyter_server.utils import ensure_async, url_path_join
from tornado import web

from .. import serde
from ..disk import faults
from ..errors import InvalidRequest, TfenvError
from ..sentences import parts_of, say

if TYPE_CHECKING:
    from ..cluster.service import ClusterService
    from ..services import Services
    from ..shared_services import SharedServices

#: The resource that ``@authorized`` checks.
AUTH_RESOURCE = "tfenv_lab"
#: The resource of the action “execute” that an authorizer must allow for rollouts, in addition.
ROLLOUT_RESOURCE = "tfenv_lab_rollout"
#: Path of the REST contract below the server's base URL.
ROOT = "tfenv-lab"
#: Maximum size of a request body in bytes; a larger body is refused before it is parsed.
MAX_BODY = 10 * 1024 * 1024


class BaseHandler(APIHandler):
    """Base class of the handlers. A subclass serves one URL, with a short method for each HTTP verb."""

    auth_resource = AUTH_RESOURCE
    #: The services of the server, there before the method of the verb is called.
    services: Services

    async def prepare(self) -> None:  # type: ignore[override]
        """Wait until the services are built."""
        await super().prepare()
        shared: SharedServices | None = self.settings.get("tfenv_lab_services")
        if shared is not None and not self._finished:
            self.services = await shared.get()

    def on_finish(self) -> None:
        """Expect a job after a change or a plan."""
        super().on_finish()
        if self.request.method in ("POST", "PUT", "PATCH", "DELETE") and self.get_status() < 400:
            self.services.jobs.running.expect()

    async def clusters(self) -> ClusterService:
        """Return the service of clusters."""
        shared: SharedServices = self.settings["tfenv_lab_services"]
        return await shared.clusters()

    async def may_roll_out(self) -> bool:
        """Return whether the server's authorizer allows the user rollouts, which run code on other machines."""
        allowed = self.authorizer.is_authorized(self, self.current_user, "execute", ROLLOUT_RESOURCE)
        return bool(await ensure_async(allowed))

    async def require_rollout(self) -> None:
        """Answer with 403 unless the user may do rollouts."""
        if not await self.may_roll_out():
            raise web.HTTPError(403, "You are not allowed to use clusters.")

    def body(self) -> dict[str, Any]:
        """Return the request body, which must be a JSON object. Raises InvalidRequest."""
        if len(self.request.body) > MAX_BODY:
            raise InvalidRequest(say("The request body is larger than 10 MB."))
        try:
            parsed = serde.parse(self.request.body.decode("utf-8"))
        except ValueError as error:
            raise InvalidRequest(say("The request body is not valid JSON."), ascii(str(error))) from error
        if not isinstance(parsed, dict):
            raise InvalidRequest(say("The request body must be a JSON object."))
        return parsed

    def send(self, model: Any, status: int = 200, location: str | None = None) -> None:
        """Send ``model`` (a dict, a dataclass or an object with ``to_json``) as JSON, and finish the response.

        ``location`` is relative to ``ROOT``.
        """
        self.set_status(status)
        if location is not None:
            self.set_header("Location", url_path_join(self.base_url, ROOT, location))
        self.finish(json.dumps(_body(model)))

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Answer every failure with the Error of the contract; tracebacks go only to the log."""
        error = _domain_error(kwargs.get("exc_info", (None, None, None))[1])
        if isinstance(error, TfenvError):
            body = error.to_json()
            self.set_status(error.status)
        elif isinstance(error, web.HTTPError):
            reason = {403: "forbidden", 404: "not-found"}.get(error.status_code, "invalid-request")
            message = error.log_message or error.reason or say("The request was refused.")
            body = {
                "reason": reason,
                "message": message,
                "hint": None,
                "details": None,
                "alternatives": [],
                "lasting": True,
                "sentences": parts_of({"message": message}),
            }
        else:
            texts = {"message": say("Internal server error."), "hint": say("See the server log.")}
            body = {
                "reason": "internal",
                "message": texts["message"],
                "hint": texts["hint"],
                "details": None,
                "alternatives": [],
                "lasting": False,
                "sentences": parts_of(texts),
            }
        self.set_header("Content-Type", "application/json")
        self.finish(json.dumps(body))

    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        """Log an error that a user can cause as one line, and any other error with its traceback."""
        value = _domain_error(value)
        if isinstance(value, TfenvError):
            self.log.info("%s %s: %s (%s)", self.request.method, self.request.path, value.message, value.reason)
        else:
            super().log_exception(typ, value, tb)


class RefusalHandler(BaseHandler):
    """Handler of every URL if the extension cannot serve; its error says why."""

    def initialize(self, refusal: TfenvError) -> None:
        """Store the error that answers every call."""
        self._refusal = refusal

    async def prepare(self) -> None:  # type: ignore[override]
        """Do nothing, because there are no services to wait for."""
        await APIHandler.prepare(self)

    @web.authenticated
    @authorized
    async def get(self, path: str) -> None:
        raise self._refusal

    head = post = put = patch = delete = get


def _domain_error(error: Any) -> Any:
    """Return the domain error for an error that the user's directories cause, and any other error as it is."""
    return faults.translated(error) or error if isinstance(error, OSError) else error


def _body(model: Any) -> Any:
    if hasattr(model, "to_json"):
        return model.to_json()
    return dataclasses.asdict(model) if dataclasses.is_dataclass(model) and not isinstance(model, type) else model
