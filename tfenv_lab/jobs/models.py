"""Jobs: work that takes longer than a request."""

from __future__ import annotations

import secrets
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any, Literal

from ..models import ErrorJson, ProgressJson

if TYPE_CHECKING:
    from ..errors import TfenvError

State = Literal["queued", "running", "succeeded", "failed", "cancelled", "interrupted"]
FINISHED: frozenset[State] = frozenset({"succeeded", "failed", "cancelled", "interrupted"})

#: What a job says in each phase, and when it has succeeded.
PHASES = {
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

NO_PROGRESS: ProgressJson = {
    "done_bytes": 0,
    "total_bytes": 0,
    "done_packages": 0,
    "total_packages": 0,
    "fraction": 0.0,
}


def now() -> str:
    """Return the present moment, ISO 8601 in UTC."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds")


def new_id() -> str:
    """Return an id that sorts by time of making; it has no hyphen, since staging directories carry it."""
    return f"{int(time.time() * 1000):011x}{secrets.token_hex(3)}"


@dataclass(frozen=True)
class Job:
    """One job, as the REST contract has it; times are ISO 8601 in UTC.

    An ``automatic`` check was asked for by nobody and gives way. ``leftovers`` are trees that could not be deleted
    (``path``, ``files``, ``bytes``, ``reason``). ``kernel`` are the settings of the kernel that the environment
    had before the change, None where it had none; ``checked`` is the state that a check is of,
    ``moved_from`` the prefix that a renamed environment had, ``server`` says which process supervises the job
    (``host``, ``pid``, ``started``: seconds since the epoch): these four are stored, not sent.
    """

    id: str
    kind: str
    name: str
    prefix: str
    environment: str | None
    state: State = "queued"
    phase: str | None = None
    progress: ProgressJson = field(default_factory=NO_PROGRESS.copy)
    message: str = "Waiting to start"
    created: str = field(default_factory=now)
    started: str | None = None
    finished: str | None = None
    error: ErrorJson | None = None
    result: dict[str, Any] | None = None
    request: dict[str, Any] | None = None
    automatic: bool = False
    leftovers: list[dict[str, Any]] = field(default_factory=list)
    kernel: dict[str, bool] | None = field(default=None, repr=False)
    checked: str | None = field(default=None, repr=False)
    moved_from: str | None = None
    server: dict[str, Any] = field(default_factory=dict, repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the Job of the REST contract."""
        body = asdict(self)
        for name in ("kernel", "checked", "moved_from", "server"):
            del body[name]
        return body

    def failed(self, error: TfenvError, state: Literal["failed", "interrupted"] = "failed", **fields: Any) -> Job:
        """Return the job as ended now by an error."""
        return self.ended(state, message=error.message, error=error.to_json(), **fields)

    def ended(self, state: State, **fields: Any) -> Job:
        """Return the job as finished now."""
        progress: ProgressJson = {**self.progress, "fraction": 1.0} if state == "succeeded" else self.progress
        return replace(self, state=state, finished=now(), progress=progress, **fields)
