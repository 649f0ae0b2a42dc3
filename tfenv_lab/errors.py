"""Domain errors: each carries the HTTP status, the machine code, and what a person is told.

The codes are the ``reason`` values of the REST contract. Code below the handlers raises these;
``handlers/base.py`` is the only place that turns them into a response.
"""

from __future__ import annotations

from collections.abc import Mapping

from .models import ErrorJson


class TfenvError(Exception):
    """Base of every error that a user can cause or meet.

    ``message`` says in a sentence what happened, ``hint`` what to do about it (None where nothing helps), and
    ``details`` holds the evidence: longer text, often of a tool, for those who ask. A class may have a hint of its own,
    which counts unless an error is given another.
    """

    status = 400
    reason = "invalid-request"
    hint: str | None = None

    def __init__(self, message: str, details: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.details = details
        if hint is not None:
            self.hint = hint

    def to_json(self) -> ErrorJson:
        """Return the error body of the REST contract."""
        return {"reason": self.reason, "message": self.message, "hint": self.hint, "details": self.details}


class InvalidRequest(TfenvError):
    """The body or query is not what the call takes; the message names the field."""


class Protected(TfenvError):
    """The environment must not be changed from here (base, the server's own, frozen, read-only)."""

    status, reason = 403, "protected"


class ChannelNotAllowed(TfenvError):
    """A spec, import or request names a channel outside ``allowed_channels``."""

    status, reason = 403, "channel-not-allowed"
    hint = "Packages come only from the channels that the server is set to (TfenvLab.allowed_channels)."


class NotFound(TfenvError):
    """No environment, plan, job or revision has this id."""

    status, reason = 404, "not-found"


class PrefixExists(TfenvError):
    """Something already lies where the new environment would go."""

    status, reason = 409, "prefix-exists"
    hint = "Choose another name."


class PrefixBusy(TfenvError):
    """Another job holds the prefix; the message names it."""

    status, reason = 409, "prefix-busy"
    hint = "Wait until it is done, then try again."


class StalePlan(TfenvError):
    """The prefix changed since the plan was made, or the plan was applied already."""

    status, reason = 409, "stale-plan"
    hint = "Review the change again."


class NotRunning(TfenvError):
    """The job is finished (or past the point of no return) and cannot be cancelled."""

    status, reason = 409, "not-running"


class Unsatisfiable(TfenvError):
    """The solver found no solution; ``details`` holds its own explanation."""

    status, reason = 422, "unsatisfiable"


class SolverTimeout(TfenvError):
    """The solver did not finish in time, so whether the request has a solution is unknown."""

    status, reason = 504, "solver-timeout"
    hint = "Try again, or request fewer packages."


class InvalidSpec(TfenvError):
    """A text is not a package spec, or says more than a name, version and build."""

    status, reason = 422, "invalid-spec"


class InvalidName(TfenvError):
    """An environment name that cannot be a directory name on every platform."""

    status, reason = 422, "invalid-name"


class ChannelUnreachable(TfenvError):
    """A channel did not answer; the message names it."""

    status, reason = 502, "channel-unreachable"
    hint = "Check the server's network and proxy, or set other channels (TfenvLab.channels, or condarc)."


class Misconfigured(TfenvError):
    """The server's configuration is wrong where a default could allow more; the message names each setting."""

    status, reason = 503, "misconfigured"
    hint = "Correct the configuration of Jupyter (its files, or the command line), then start it again."


class NotStarted(TfenvError):
    """The extension could not start; the server's log holds the cause."""

    status, reason = 503, "not-started"
    hint = "Find the cause in the log of the Jupyter server, then start it again."


class NoSpace(TfenvError):
    """The file system cannot hold what the change needs."""

    status, reason = 507, "no-space"
    hint = "Free some space and try again."


class JobFailed(TfenvError):
    """A job ended for a reason no other class names (never an HTTP answer of its own)."""

    status, reason = 500, "failed"


def _subclasses(cls: type[TfenvError]) -> list[type[TfenvError]]:
    return [cls, *(found for sub in cls.__subclasses__() for found in _subclasses(sub))]


def from_json(body: ErrorJson | Mapping[str, str | None]) -> TfenvError:
    """Rebuild an error that crossed a process border from its ``to_json`` form."""
    told = body.get("message") or "", body.get("details"), body.get("hint")
    for cls in _subclasses(TfenvError):
        if cls.reason == body.get("reason") and cls is not TfenvError:
            return cls(*told)
    return JobFailed(*told)
