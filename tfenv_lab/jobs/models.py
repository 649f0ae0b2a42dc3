"""Jobs: work that takes longer than a request."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timezone
from typing import Any, Literal

from .. import serde
from ..conda.transaction.progress import Progress
from ..conda.transaction.staging import Leftover
from ..errors import TfenvError
from ..models import ErrorJson, Phase
from ..tensorflow.checks.models import Check

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted"]
FINISHED: frozenset[State] = frozenset({"succeeded", "failed", "cancelled", "interrupted"})

#: What a job says in each phase, and when it has succeeded.
PHASES: dict[Phase, str] = {
    "solve": "Working out the packages",
    "download": "Downloading packages",
    "pack": "Packing wheels",
    "link": "Linking packages",
    "swap": "Putting the change in place",
    "check": "Running TensorFlow in the environment",
}
DONE = {
    "create": "The environment is ready",
    "clone": "The copy is ready",
    "rename": "The environment has its new name",
    "delete": "The environment is removed",
    "check": "The check is done",
    "build-channel": "The local channel is in use",
}


def now() -> str:
    """Return the present moment, ISO 8601 in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def new_id() -> str:
    """Return an id that sorts by time of making; it has no hyphen, since staging directories carry it."""
    return f"{int(time.time() * 1000):011x}{secrets.token_hex(3)}"


@dataclass(frozen=True)
class Server:
    """A process that supervises jobs; ``started`` is in seconds since the epoch."""

    host: str = ""
    pid: int = 0
    started: float = 0.0


#: What is stored of a job and not sent.
_KEPT = ("kernel", "settings", "checked", "moved_from", "server")


@dataclass(frozen=True)
class Job:
    """One job, as the REST contract has it; times are ISO 8601 in UTC.

    ``request`` is the JSON that the plan was made of, as it came. An ``automatic`` check was asked for by nobody and
    gives way. Stored and not sent are: ``kernel``, the settings of the kernel that the environment had before the
    change (None: it had no kernel); ``settings``, those that the request changes; ``checked``, the state that a check
    is of; ``moved_from``, the prefix that a renamed environment had; ``server``, the process that supervises the job.
    """

    id: str
    kind: str
    name: str
    prefix: str
    environment: str | None
    state: State = "queued"
    phase: Phase | None = None
    progress: Progress = field(default_factory=Progress)
    message: str = "Waiting to start"
    created: str = field(default_factory=now)
    started: str | None = None
    finished: str | None = None
    error: ErrorJson | None = None
    result: Check | None = None
    request: dict[str, Any] | None = None
    automatic: bool = False
    leftovers: list[Leftover] = field(default_factory=list)
    kernel: dict[str, bool] | None = field(default=None, repr=False)
    settings: dict[str, bool] = field(default_factory=dict, repr=False)
    checked: str | None = field(default=None, repr=False)
    moved_from: str | None = None
    server: Server | None = field(default=None, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the Job of the REST contract."""
        sent = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in _KEPT}
        body: dict[str, Any] = serde.to_json(sent)
        return body

    def failed(self, error: TfenvError, state: Literal["failed", "interrupted"] = "failed", **fields: Any) -> Job:
        """Return the job as ended now by an error."""
        return self.ended(state, message=error.message, error=error.to_json(), **fields)

    def ended(self, state: State, **fields: Any) -> Job:
        """Return the job as finished now."""
        progress = replace(self.progress, fraction=1.0) if state == "succeeded" else self.progress
        return replace(self, state=state, finished=now(), progress=progress, **fields)
