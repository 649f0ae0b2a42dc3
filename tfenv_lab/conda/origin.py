"""What a change begins with, and what of it has to be linked anew."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rattler import PrefixRecord, RepoDataRecord

from . import prefix
from .records import Contents, contents, record_name

if TYPE_CHECKING:
    from .transaction import Change


@dataclass(frozen=True)
class Origin:
    """What a change begins with.

    ``bound`` names the records of packages that cannot lie elsewhere as they are, ``fingerprint`` is the state of
    what is copied.
    """

    records: Sequence[PrefixRecord] = ()
    contents: Mapping[str, Contents] = field(default_factory=dict)
    requested: Mapping[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    fingerprint: str | None = None

    @classmethod
    def of(cls, change: Change) -> Origin:
        if change.origin is None:
            return cls()
        mark = prefix.fingerprint(change.origin) if change.copy_of else None
        found = contents(change.origin)
        bound = frozenset(name for name, package in found.items() if change.copy_of and package.is_bound)
        asked = prefix.requested_specs(change.origin) if change.is_continued else {}
        return cls(prefix.records(change.origin), found, asked, bound, mark)

    @property
    def files(self) -> frozenset[str]:
        return self.files_of(self.records)

    def files_of(self, records: Iterable[PrefixRecord]) -> frozenset[str]:
        """Return the paths inside the prefix that belong to these packages."""
        return frozenset[str]().union(*(self.contents[record_name(record)].files for record in records))

    def kept(self, after: Iterable[RepoDataRecord], coming: Iterable[RepoDataRecord]) -> list[PrefixRecord]:
        """Return the installed records that belong to the new state and need not be linked."""
        names = set(map(record_name, after)) - set(map(record_name, coming))
        return [record for record in self.records if record_name(record) in names]


def changed_records(
    before: Iterable[RepoDataRecord], after: Sequence[RepoDataRecord], bound: Collection[str] = ()
) -> list[RepoDataRecord]:
    """Return the records of ``after`` that have to be linked, given what is installed.

    With another minor version of Python all ``noarch: python`` packages are linked anew: their place carries it.
    So are, in a copy, the packages ``bound`` to the prefix they lie in (names of record files).
    """
    installed = list(before)
    have = {(record_name(r), r.subdir) for r in installed if record_name(r) not in bound}
    moved = _python_of(installed) != _python_of(after)
    return [r for r in after if (moved and r.noarch.python) or (record_name(r), r.subdir) not in have]


def _python_of(records: Iterable[RepoDataRecord]) -> list[list[str]]:
    return [str(r.version).split(".")[:2] for r in records if r.name.normalized == "python"][:1]
