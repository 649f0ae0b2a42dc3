"""Define one change of an environment, which a plan stores and a worker runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from ...models import EntryJson
from ...sentences import Translatable
from ..prefix.overlays import Base

if TYPE_CHECKING:
    from rattler import RepoDataRecord

    from ...pypi.models import Distribution

#: Starting point of a change: nothing, the environment itself, another one that is copied or renamed, or one that was
#: deleted and set aside.
Origin = Literal["new", "in_place", "copy", "move", "restore"]


@dataclass(frozen=True)
class Change(Translatable):
    """One transaction that is ready to run.

    ``lock`` has the packages that the environment will contain on the platform ``subdir``, and ``requested`` the specs
    to remember, by package name. ``source`` is the prefix that a copy or move starts from, including the files that
    conda does not own. ``fingerprint`` identifies the contents of the environment to change or move when the plan was
    made; it is None for a new environment and for a copy. ``command`` goes into conda's history. ``pypi`` are
    requirements of a plan from before 0.3, which are resolved only when the change is applied. ``variables`` are those
    that a new environment sets.

    The packages from an index are in ``lock``, too; ``requirements`` are what the user requested of it, by project.
    ``others_removed`` are the projects that pip or uv installed in a terminal and that the change removes or replaces.
    ``asked`` says what the user requested, for the history. ``matched`` is the mark of the lock file that the
    environment is made equal to.
    ``set_aside`` is where the files of ``source`` are now, if it was deleted.
    ``relinked`` are conda packages, and ``reinstalled`` projects from an index, whose files are damaged.
    ``over`` is the base of an overlay.
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
    variables: Mapping[str, str] = field(default_factory=dict)
    requirements: Mapping[str, str] = field(default_factory=dict)
    others_removed: Sequence[str] = ()
    relinked: Sequence[str] = ()
    reinstalled: Sequence[str] = ()
    asked: str | None = None
    matched: str | None = None
    set_aside: Path | None = None
    over: Base | None = None

    @property
    def begins_with(self) -> Path | None:
        """The tree that the change starts from: its own prefix, the one that it copies or moves, or None."""
        return self.prefix if self.origin == "in_place" else self.set_aside or self.source

    @property
    def is_continued(self) -> bool:
        """Whether an existing environment continues with its history, unlike a new one or a copy."""
        return self.origin in ("in_place", "move", "restore")

    @property
    def moved_from(self) -> Path | None:
        """The old prefix of an environment that is renamed, otherwise None."""
        return self.source if self.origin == "move" else None

    @property
    def places(self) -> tuple[Path, ...]:
        """The prefixes that no other job may change meanwhile: the change's own, and the old one."""
        old = self.source if self.origin in ("move", "restore") else None
        return (self.prefix,) if old is None else (self.prefix, old)

    def distributions(self) -> list[Distribution]:
        """Return the distributions from a package index that the environment will contain."""
        from ..prefix import lock

        return lock.distributions(self.lock, self.subdir)

    def records(self) -> list[RepoDataRecord]:
        """Return the records of the packages that the environment will contain."""
        from ..prefix import lock

        return lock.loads(self.lock).get(self.subdir, [])
