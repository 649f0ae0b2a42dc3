"""Models of jobs, which do the work that takes longer than an HTTP request."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import Any, Literal

from .. import serde
from ..conda.transaction.progress import Progress
from ..conda.transaction.staging import Leftover
from ..errors import ErrorJson, TfenvError, from_json
from ..models import Advice, NodeResult, Phase
from ..plan_requests import KINDS as PLAN_KINDS
from ..plan_requests import PlanRequest
from ..sentences import Translatable, say
from ..tensorflow.checks.models import Check

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted"]
FINISHED: frozenset[State] = frozenset({"succeeded", "failed", "cancelled", "interrupted"})

#: The kinds of jobs: those that apply a plan, and the others.
KINDS = (*PLAN_KINDS, "delete", "restore", "check", "build-channel")

#: The message of a job in each phase, and (``DONE``) after it has succeeded.
PHASES: dict[Phase, str] = {
    "solve": say("Resolving packages"),
    "download": say("Downloading packages"),
    "pack": say("Packing Python"),
    "link": say("Linking packages"),
    "swap": say("Applying the change"),
    "check": say("Running TensorFlow in the environment"),
    "clean": say("Deleting files"),
}
DONE = {
    "create": say("The environment is ready"),
    "clone": say("The copy is ready"),
    "overlay": say("The environment is ready"),
    "rename": say("The environment was renamed"),
    "delete": say("The environment was deleted"),
    "restore": say("The environment was restored"),
    "match": say("The environment has the packages of the lock"),
    "repair": say("The environment was repaired"),
    "check": say("The check is finished"),
    "build-channel": say("The local channel is in use"),
    "clean": say("The files were deleted"),
    "rollout": say("The rollout is finished"),
}


#: The same for an environment that has no kernel after the job.
DONE_WITHOUT_KERNEL = {
    "create": say("The environment was created, but it has no kernel"),
    "import": say("The environment was created, but it has no kernel"),
    "match": say("The environment has the packages of the lock, but it has no kernel"),
    "clone": say("The copy was created, but it has no kernel"),
    "overlay": say("The environment was created, but it has no kernel"),
    "rename": say("The environment was renamed, but it has no kernel"),
}


def now() -> str:
    """Return the current time, ISO 8601 in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


#: Ids of a later time would soon have more digits.
_LATEST = 0xFFFF0000000
#: The time in the newest known id, in milliseconds. The clock of a machine can be set back.
_newest = 0


def new_id() -> str:
    """Return a new id that sorts by creation time, without a hyphen: names of staging directories contain it."""
    global _newest
    _newest = max(int(time.time() * 1000), _newest + 1)
    return f"{_newest:011x}{secrets.token_hex(3)}"


def note_id(job_id: str) -> None:
    """Let all new ids sort after this one."""
    global _newest
    _newest = max(_newest, min(int(job_id[:11], 16), _LATEST))


@dataclass(frozen=True)
class Server:
    """A server process that supervises jobs; ``started`` is in seconds since the epoch.

    ``lock`` names the lock that it holds as long as it runs (``Servers``); empty if it could take none, as versions
    before 0.3 did.
    """

    host: str = ""
    pid: int = 0
    started: float = 0.0
    lock: str = ""


@dataclass(frozen=True)
class Undo:
    """Until when a deletion can be undone (ISO 8601 in UTC), and the bytes that are freed then, if they are known."""

    until: str
    bytes: int | None = None


@dataclass(frozen=True)
class BusyServer:
    """A server that asked a job to wait, with the HTTP status, until a time (ISO 8601 in UTC)."""

    host: str
    status: int
    until: str


#: Fields of a job that are stored but not sent.
_KEPT = (
    "kernel",
    "variables",
    "settings",
    "checked",
    "moved_from",
    "kernels_before",
    "was_hidden",
    "deletion",
    "adds",
    "server",
)


@dataclass(frozen=True)
class Job(Translatable):
    """The Job of the REST contract, with some fields that are only stored. Times are ISO 8601 in UTC.

    ``request`` is the plan request of a job that applies a plan. ``automatic`` marks a check or a cleaning that no user
    requested; any other job of its prefix cancels it. ``undo`` belongs to a deletion that can be undone,
    ``waiting_for`` to a job that a busy server asked to wait, ``nodes`` to a rollout and to the check of a
    cluster, and ``cluster`` to the latter.

    The fields that are only stored are:

    - ``variables``: the variables that the kernel keeps in addition to activation's (``Aftermath.variables_before``),
    - ``kernel``: the kernel settings to keep, which earlier versions stored in place of ``variables``,
    - ``settings``: the kernel settings that the request changes,
    - ``checked``: the state of the environment that a check is about (``checks.state_of``),
    - ``moved_from``: the former prefix of a renamed environment,
    - ``kernels_before``: the names of its kernels before it was renamed,
    - ``was_hidden``: whether a deleted environment was hidden from the launcher,
    - ``deletion``: the job whose environment a restore brings back,
    - ``adds``: the bytes by which the disk is fuller after the job, as its plan says,
    - ``server``: the process that supervises the job.
    """

    id: str
    kind: str
    name: str
    prefix: str
    environment: str | None
    state: State = "queued"
    phase: Phase | None = None
    progress: Progress = field(default_factory=Progress)
    message: str = say("Waiting to start")
    created: str = field(default_factory=now)
    started: str | None = None
    finished: str | None = None
    error: ErrorJson | None = None
    result: Check | None = None
    request: PlanRequest | None = None
    warnings: list[Advice] = field(default_factory=list)
    automatic: bool = False
    leftovers: list[Leftover] = field(default_factory=list)
    kernel: dict[str, bool] | None = field(default=None, repr=False)
    variables: dict[str, str] | None = field(default=None, repr=False)
    settings: dict[str, bool] = field(default_factory=dict, repr=False)
    checked: str | None = field(default=None, repr=False)
    moved_from: str | None = None
    kernels_before: list[str] = field(default_factory=list, repr=False)
    undo: Undo | None = None
    waiting_for: BusyServer | None = None
    nodes: list[NodeResult] = field(default_factory=list)
    cluster: str | None = None
    was_hidden: bool = False
    deletion: str | None = None
    adds: int = 0
    server: Server | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the Job of the REST contract."""
        sent = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in _KEPT}
        if self.state != "succeeded" or (self.undo is not None and self.undo.until <= now()):
            sent["undo"] = None
        body: dict[str, Any] = serde.to_json(sent)
        if body["error"] is not None:
            # Errors that earlier versions stored have only texts.
            body["error"] = from_json(body["error"]).to_json() | body["error"]
        return body

    def failed(self, error: TfenvError, state: Literal["failed", "interrupted"] = "failed", **fields: Any) -> Job:
        """Return the job as failed now, with an error."""
        return self.ended(state, message=error.message, error=error.to_json(), **fields)

    def ended(self, state: State, **fields: Any) -> Job:
        """Return the job as finished now."""
        progress = self.progress
        if state == "succeeded":
            # The worker reports only now and then, so its last report can be older than its end.
            whole = {"done_bytes": progress.total_bytes, "done_packages": progress.total_packages}
            progress = replace(progress, **whole, fraction=1.0, bytes_per_second=None, seconds_left=None)
        return replace(self, state=state, finished=now(), progress=progress, waiting_for=None, **fields)
