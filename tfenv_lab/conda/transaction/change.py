"""One change of an environment, as a plan stores it and a worker runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...models import EntryJson

if TYPE_CHECKING:
    from rattler import RepoDataRecord

#: What a change begins with: nothing, the environment itself, or another one that it copies or renames.
Origin = Literal["new", "in_place", "copy", "move"]


@dataclass(frozen=True)
class Change:
    """One transaction, ready to run.

    ``lock`` names the packages that the environment shall hold on the platform ``subdir``; ``requested`` are the specs
    to remember, by package name. ``source`` is the prefix that a copy or a move begins with, what conda does not own
    included. ``fingerprint`` is the state, when the plan was made, of the environment that is changed or moved; None
    for a new one and a copy. ``command`` goes into conda's history. ``pypi`` are requirements that pip installs last;
    only where the environment is new.
    """

    origin: Origin
    prefix: Path
    kind: str
    subdir: str
    lock: str = field(repr=False)
    requested: Mapping[str, str]
    channels: Sequence[str]
    source: Path | None = None
    fingerprint: str | None = None
    summary: str = ""
    command: str = "tfenv_lab"
    entries: Sequence[EntryJson] = ()
    pypi: Sequence[str] = ()

    @property
    def begins_with(self) -> Path | None:
        """The prefix that the change begins with: its own, the one it copies or moves, or none."""
        return self.prefix if self.origin == "in_place" else self.source

    @property
    def is_continued(self) -> bool:
        """Whether the environment goes on, history and all, and is not a new one."""
        return self.origin in ("in_place", "move")

    @property
    def moved_from(self) -> Path | None:
        """The prefix that a renamed environment leaves."""
        return self.source if self.origin == "move" else None

    @property
    def places(self) -> tuple[Path, ...]:
        """The prefixes that the change needs for itself: its own, and of a move the old one too."""
        return (self.prefix,) if self.moved_from is None else (self.prefix, self.moved_from)

    def records(self) -> list[RepoDataRecord]:
        """Return the packages that the environment shall hold."""
        from ..prefix import lock

        return lock.loads(self.lock).get(self.subdir, [])
