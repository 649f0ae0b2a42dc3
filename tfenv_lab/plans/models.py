"""Plans: a solved lock plus the difference to what is installed."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..conda.strategy import Strategy
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
    numbers are then lower bounds.
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
    work: PlanWork = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """Return the Plan of the REST contract."""
        body = asdict(self)
        del body["work"]
        return body

    def stored(self) -> dict[str, Any]:
        """Return everything, as it is kept on disk and sent to the worker."""
        return asdict(self)


@dataclass(frozen=True)
class PlanWork:
    """What a job applies: the lock, the specs to remember, and the state the plan was made for.

    ``moved`` is the fingerprint of ``copy_of`` where the environment is renamed from there; ``pypi`` are requirements
    that pip installs after the lock.
    """

    lock: str
    requested: dict[str, str]
    fingerprint: str | None
    copy_of: str | None
    moved: str | None
    environment: str | None
    summary: str
    needed_bytes: int
    pypi: list[str]
