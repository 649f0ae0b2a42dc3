"""Plans: a solved lock plus the difference to what is installed."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

from .. import serde
from ..conda.transaction.change import Change
from ..conda.transaction.placement import Strategy
from ..models import Action, Advice, Coming, EntryJson, Installed


@dataclass(frozen=True)
class Entry:
    """One line of a plan: what is there before (``from_``) and after (``to``), None for what comes or goes."""

    action: Action
    name: str
    from_: Installed | None
    to: Coming | None
    requested: bool

    def to_json(self) -> EntryJson:
        """Return the entry as the REST contract has it (``from`` is a Python keyword)."""
        return {
            "action": self.action,
            "name": self.name,
            "from": self.from_,
            "to": self.to,
            "requested": self.requested,
        }


@dataclass(frozen=True)
class Plan:
    """What the REST contract calls a Plan, and behind it what a job needs to apply it.

    Bytes are bytes; ``created`` is ISO 8601 in UTC. ``sizes_complete`` is False where a record names no size: the
    numbers are then lower bounds. ``change`` is what its job runs, ``environment`` the id of the environment that it
    changes (None for a new one), and ``needed_bytes`` the room that it takes on the way: these three are not sent.
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
    change: Change = field(repr=False)
    environment: str | None = None
    needed_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the Plan of the REST contract."""
        sent = {each.name: getattr(self, each.name) for each in fields(self) if each.name not in _KEPT}
        body: dict[str, Any] = serde.to_json(sent)
        return body


#: What is stored of a plan and not sent.
_KEPT = ("change", "environment", "needed_bytes")


@dataclass(frozen=True)
class StoredPlan:
    """A plan's file: the plan, and the JSON of the request that it was made of."""

    plan: Plan
    request: dict[str, Any]
