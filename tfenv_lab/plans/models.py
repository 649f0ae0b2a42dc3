"""Models of a plan: the solved lock, and how it differs from what is installed."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from .. import serde
from ..conda.transaction.change import Change
from ..conda.transaction.placement import Strategy
from ..models import Action, Advice, ClusterEntry, Coming, EntryJson, Installed
from ..plan_requests import PlanRequest, Source
from ..sentences import Translatable
from ..space.models import Cleaning, Freed
from .room import Need


@dataclass(frozen=True)
class Entry:
    """One line of a plan: a package before (``from_``) and after (``to``) the change; None if it is not installed."""

    action: Action
    name: str
    from_: Installed | None
    to: Coming | None
    requested: bool
    source: Source = "conda"

    def to_json(self) -> EntryJson:
        """Return the entry of the REST contract (its ``from`` is a Python keyword)."""
        return {
            "action": self.action,
            "name": self.name,
            "from": self.from_,
            "to": self.to,
            "requested": self.requested,
            "source": self.source,
        }


@dataclass(frozen=True)
class Plan(Translatable):
    """The Plan of the REST contract, with what a job needs to apply it.

    ``created`` is ISO 8601 in UTC. ``sizes_complete`` is False if a record has no size; the byte counts are then lower
    bounds. ``digest`` identifies the packages after the change. ``forgets`` are earlier requested specs that did not
    count and that the change replaces. ``frees`` says what each choice of a cleaning frees. ``rebuilds`` says that an
    overlay is built over other packages of its base, so there is something to do even without entries.

    Of the byte counts, ``download_bytes`` come over the network, ``install_bytes`` is the size of the packages that the
    environment gets, ``added_bytes`` the space that the change takes on the disk, ``shared_bytes`` the part of
    ``install_bytes`` that takes none because other places hold the same files, and ``freed_bytes`` what is free
    afterwards: the files that only this environment holds.

    ``nodes`` are the lines of the plan of a rollout.

    Six fields are not sent: ``change`` is what the job runs, or ``cleaning`` what it deletes, ``environment`` the id
    of the environment that changes (None for a new one), ``rollout`` the order of a rollout, ``needed_bytes`` the
    free space that the job needs while it runs, and ``needs`` where it needs that; empty in plans of earlier versions.
    """

    id: str
    kind: str
    name: str
    prefix: str
    entries: list[EntryJson]
    download_bytes: int
    install_bytes: int
    sizes_complete: bool
    free_bytes: int | None
    warnings: list[Advice]
    commands: list[str]
    strategy: Strategy
    created: str
    change: Change | None = field(default=None, repr=False)
    environment: str | None = None
    needed_bytes: int = 0
    forgets: list[str] = field(default_factory=list)
    digest: str | None = ""
    added_bytes: int = 0
    shared_bytes: int = 0
    freed_bytes: int = 0
    frees: list[Freed] = field(default_factory=list)
    rebuilds: bool = False
    cleaning: Cleaning | None = field(default=None, repr=False)
    needs: list[Need] = field(default_factory=list)
    nodes: list[ClusterEntry] = field(default_factory=list)
    rollout: dict[str, Any] | None = field(default=None, repr=False)

    @property
    def is_new(self) -> bool:
        """Whether the change creates an environment. A renamed one is not new."""
        return self.change is not None and self.change.origin in ("new", "copy")

    @property
    def growth(self) -> int:
        """The bytes by which the disk is fuller after the change."""
        return self.added_bytes - self.freed_bytes

    @property
    def room(self) -> list[Need]:
        """Where the job needs free space, also for a plan of an earlier version."""
        return self.needs or [Need(str(Path(self.prefix).parent), self.needed_bytes)]

    def to_json(self) -> dict[str, Any]:
        """Return the Plan of the REST contract."""
        sent = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in _KEPT}
        body: dict[str, Any] = serde.to_json(sent)
        return body


#: Fields of a plan that are stored but not sent.
_KEPT = ("change", "cleaning", "environment", "needed_bytes", "needs", "rollout")


@dataclass(frozen=True)
class StoredPlan:
    """The contents of a plan's file: the plan, and the request that it was made from."""

    plan: Plan
    request: PlanRequest
