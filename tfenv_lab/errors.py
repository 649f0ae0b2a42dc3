"""Domain errors, each with its HTTP status, its ``reason`` code and its texts for the user.

The codes are the ``reason`` values of the REST contract. Code below the handlers raises these errors, and only
``handlers/base.py`` turns them into a response.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from .sentences import parts_of, redact, say, sentence_of


class Alternative(TypedDict):
    """A plan request that can be made instead of one that failed, with a label for its button."""

    label: str
    plan_request: Mapping[str, Any]


class AlternativeJson(Alternative, total=False):
    """An alternative as JSON. Those of earlier versions have no sentences."""

    sentences: dict[str, Any]


class _ErrorTexts(TypedDict):
    """The fields that every error has."""

    reason: str
    message: str
    hint: str | None
    details: str | None


class ErrorJson(_ErrorTexts, total=False):
    """The body of an error, as :meth:`TfenvError.to_json` returns it. Errors of earlier versions have only texts."""

    alternatives: list[AlternativeJson]
    lasting: bool
    sentences: dict[str, Any]


class TfenvError(Exception):
    """Base class of every error that a user can cause or see.

    ``message`` is a sentence that says what happened. ``hint`` is a sentence that says what to do about it, or None if
    nothing helps. ``details`` is the evidence: longer text, often the output of a tool. A class may define a default
    hint, which an error can override. ``alternatives`` are plan requests that can be made instead. Credentials are
    removed from the texts, because answers, logs and files contain them.
    """

    status = 400
    reason = "invalid-request"
    hint: str | None = None
    #: Whether the same request fails again until the request, the environment or the configuration changes.
    lasting = False
    #: Seconds after which the server that caused the error wants to be asked again, if it says so.
    wait: float | None = None

    def __init__(
        self,
        message: str,
        details: str | None = None,
        hint: str | None = None,
        alternatives: Sequence[Alternative] = (),
    ) -> None:
        message = redact(message)
        super().__init__(message)
        self.message = message
        self.details = None if details is None else redact(details)
        self.alternatives = tuple(alternatives)
        if hint is not None:
            self.hint = redact(hint)

    def to_json(self) -> ErrorJson:
        """Return the Error of the REST contract."""
        texts = {"message": self.message, "hint": self.hint, "details": self.details}
        return {
            "reason": self.reason,
            "message": self.message,
            "hint": self.hint,
            "details": self.details,
            "alternatives": [{**each, "sentences": parts_of({"label": each["label"]})} for each in self.alternatives],
            "lasting": self.lasting,
            "sentences": parts_of(texts),
        }


class InvalidRequest(TfenvError):
    """An invalid body or query; the message names the field."""

    lasting = True


class Protected(TfenvError):
    """An environment that tfenv_lab must not change (base, the server's own, frozen or read-only)."""

    status, reason = 403, "protected"
    lasting = True


class ChannelNotAllowed(TfenvError):
    """A channel that ``allowed_channels``, or condarc's ``allowlist_channels`` or ``denylist_channels``, forbids."""

    status, reason = 403, "channel-not-allowed"
    lasting = True
    hint = say("Use an allowed channel, or ask the administrator to change TfenvLab.allowed_channels.")


class IndexNotAllowed(TfenvError):
    """A package index, or another place of packages, that the administrator forbids or that is not configured."""

    status, reason = 403, "index-not-allowed"
    lasting = True
    hint = say("Use an allowed package index, or ask the administrator to change TfenvLab.allowed_indexes.")


class UnusableDirectory(TfenvError):
    """A directory that cannot be written, locked or used for programs; the message names it."""

    status, reason = 403, "unusable-directory"
    hint = say("Correct the owner, the permissions or the path, then try again.")


class NotFound(TfenvError):
    """An id that belongs to no environment, plan, job or revision."""

    status, reason = 404, "not-found"
    lasting = True


class PrefixExists(TfenvError):
    """A path for a new environment that already exists."""

    status, reason = 409, "prefix-exists"
    lasting = True
    hint = say("Choose another name.")


class PrefixBusy(TfenvError):
    """A prefix that another job is using; the message names the job."""

    status, reason = 409, "prefix-busy"
    hint = say("Wait until the other job has finished, then try again.")


class StalePlan(TfenvError):
    """A plan that was already applied, or whose prefix has changed since it was made."""

    status, reason = 409, "stale-plan"
    hint = say("Review the change again.")


class NotRunning(TfenvError):
    """A job that cannot be cancelled, because it has finished or its swap has begun."""

    status, reason = 409, "not-running"


class Unsatisfiable(TfenvError):
    """A request without a solution; ``details`` holds the solver's explanation."""

    status, reason = 422, "unsatisfiable"
    lasting = True


class BuildNeeded(Unsatisfiable):
    """A request that has a solution only if packages are built from source, which it does not permit."""

    reason = "build-needed"
    hint = say("Building runs code of these packages on this machine. Permit it (source_builds) if you trust them.")


class SolverTimeout(TfenvError):
    """The solver did not finish in time, so whether the request has a solution is unknown."""

    status, reason = 504, "solver-timeout"
    hint = say("Try again, or request fewer packages.")


class InvalidSpec(TfenvError):
    """A string that is not a package spec, or that contains more than a name, a version and a build."""

    status, reason = 422, "invalid-spec"
    lasting = True


class InvalidName(TfenvError):
    """An environment name that is not a valid directory name on every platform."""

    status, reason = 422, "invalid-name"
    lasting = True


class ChannelUnreachable(TfenvError):
    """A channel that did not answer; the message names it."""

    status, reason = 502, "channel-unreachable"
    hint = say("Check the server's network and proxy, or configure other channels (TfenvLab.channels or condarc).")


class IndexUnreachable(TfenvError):
    """A package index that did not answer, or not as an index does; the message names it."""

    status, reason = 502, "index-unreachable"
    hint = say("Check the server's network and proxy, and the package index that pip or uv is configured with.")


class ClusterUnreachable(TfenvError):
    """A scheduler of a cluster that does not answer, or not as one; the message names it."""

    status, reason = 502, "cluster-unreachable"
    hint = say(
        "Check the address and whether the scheduler runs. One that was started with certificates has a tls:// address."
    )


class ClusterMismatch(TfenvError):
    """A cluster that an environment, or this machine, does not fit."""

    status, reason = 409, "cluster-mismatch"


class ClusterBusy(TfenvError):
    """A cluster whose workers another rollout changes; the message says who runs it."""

    status, reason = 409, "cluster-busy"
    hint = say("Wait until the other rollout has ended. If it was killed, try again after a minute.")


class ClusterNotAllowed(TfenvError):
    """The address of a cluster that must not be used."""

    status, reason = 403, "cluster-not-allowed"


class HashMismatch(TfenvError):
    """A file of a package index that is not the file that was planned."""

    status, reason = 502, "hash-mismatch"
    hint = say("Review the change again. If the hash is wrong again, tell the maintainer of the package index.")


class BuildFailed(TfenvError):
    """A source archive that could not be built; ``details`` holds the end of the build's output."""

    status, reason = 422, "build-failed"
    lasting = True
    hint = say("Choose a version with a wheel for this Python and platform.")


class Misconfigured(TfenvError):
    """A fault in the configuration that could allow more than was meant; the message names each setting."""

    status, reason = 503, "misconfigured"
    hint = say("Correct Jupyter's configuration (its files or the command line), then restart the server.")


class NotStarted(TfenvError):
    """An extension that could not start; the server log shows the cause."""

    status, reason = 503, "not-started"
    hint = say("See the log of the Jupyter server, correct the cause, then restart the server.")


class NoSpace(TfenvError):
    """A file system with too little free space for the change."""

    status, reason = 507, "no-space"
    hint = say(
        "Free some disk space, then try again. “Disk Space” in the panel and “jupyter tfenv "
        "clean” delete what no environment needs."
    )


class LimitReached(TfenvError):
    """A change that would give a user more environments or bytes than the administrator allows."""

    status, reason = 507, "limit-reached"


class TooManyFiles(TfenvError):
    """A process or a system that cannot open another file."""

    status, reason = 503, "too-many-files"
    hint = say(
        "Shut down kernels and terminals that you do not need, or raise the limit (ulimit -n), and restart Jupyter."
    )


class JobFailed(TfenvError):
    """A job that failed for a reason that no other class names; never an HTTP response."""

    status, reason = 500, "failed"


def subclasses(cls: type[TfenvError]) -> list[type[TfenvError]]:
    """Return a class of errors and all classes that derive from it."""
    return [cls, *(found for sub in cls.__subclasses__() for found in subclasses(sub))]


def from_json(body: ErrorJson | Mapping[str, str | None]) -> TfenvError:
    """Return the error that another process wrote with ``to_json``."""
    known: Any = body.get("sentences") or {}
    texts: list[Any] = [
        sentence_of(known[name]) if name in known else body.get(name) for name in ("message", "details", "hint")
    ]
    alternatives: Any = body.get("alternatives") or ()
    told = texts[0] or "", texts[1], texts[2], [_alternative(each) for each in alternatives]
    for cls in subclasses(TfenvError):
        if cls.reason == body.get("reason") and cls is not TfenvError:
            return cls(*told)
    return JobFailed(*told)


def _alternative(body: AlternativeJson) -> Alternative:
    known = body.get("sentences") or {}
    return {
        "label": sentence_of(known["label"]) if "label" in known else body["label"],
        "plan_request": body["plan_request"],
    }
