"""Models of the REST contract that several rooms share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

from . import serde
from .errors import ErrorJson
from .plan_requests import PlanRequest, Source
from .sentences import Sentence, Translatable

Severity = Literal["info", "warning", "error"]
#: The stages of a job, in no fixed order.
Phase = Literal["solve", "download", "pack", "link", "swap", "check", "clean"]
Action = Literal["install", "upgrade", "downgrade", "change", "remove", "repair"]
#: What a rollout does on a node; with ``enter``, the node has the environment, but runs something else.
NodeAction = Literal["none", "install", "enter", "impossible"]
#: A node that is ``ready`` has the environment, and one that is ``inside`` runs it.
NodeState = Literal[
    "waiting", "installing", "ready", "draining", "inside", "checking", "works", "failed", "lost", "skipped"
]


@dataclass(frozen=True)
class Advice(Translatable):
    """A warning about an environment, or about a plan before it is applied.

    ``plan_request`` fixes the environment, or is an alternative to the plan that avoids the warning; it may be None.
    ``items`` are what the message lists, in its order and separated by commas, so that a screen can shorten the list.
    """

    code: str
    severity: Severity
    message: str
    plan_request: PlanRequest | None = None
    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.message, Sentence) and self.message.items:
            object.__setattr__(self, "items", self.message.items)

    def to_json(self) -> dict[str, Any]:
        """Return the Warning of the REST contract."""
        return {**vars(self), "plan_request": serde.to_json(self.plan_request), "items": list(self.items)}


class Installed(TypedDict):
    """The build of a package before a change. A package from an index has its wheel's tag as its build."""

    version: str
    build: str
    channel: str | None


class Coming(Installed):
    """The build of a package after a change; ``size`` is that of its archive in bytes, or None if unknown.

    ``parts`` names the packages of the same change that belong to it, because it requires exactly these builds.
    """

    size: int | None
    parts: list[str]


#: One line of a plan or of a revision, as JSON; ``from`` is None for an added package, ``to`` for a removed one.
#: ``source`` is where the package comes from, or came from if it is removed.
EntryJson = TypedDict(
    "EntryJson",
    {"action": Action, "name": str, "from": Installed | None, "to": Coming | None, "requested": bool, "source": Source},
)


@dataclass(frozen=True)
class ClusterEntry:
    """One line of the plan of a rollout: what it does on a node of a cluster, and why it is impossible if it is."""

    name: str
    address: str
    action: NodeAction
    prefix: str
    download_bytes: int = 0
    needed_bytes: int = 0
    free_bytes: int | None = None
    error: ErrorJson | None = None


@dataclass(frozen=True)
class NodeResult:
    """What a rollout made of a node of a cluster, or a check found. ``prefix`` is that of the environment on it.

    ``note`` says what the user should know, although the installation succeeded. ``tensorflow`` is the
    version that a check found, and ``gpus`` the number of GPUs that it computes on.
    """

    name: str
    address: str
    state: NodeState
    prefix: str | None = None
    error: ErrorJson | None = None
    note: str | None = None
    tensorflow: str | None = None
    gpus: int = 0
