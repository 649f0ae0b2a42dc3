"""Starting point of a change: installed records, the files they own, and the packages to link again."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rattler import PrefixRecord, RepoDataRecord

from ...versions import minor_of
from ..prefix import state
from ..prefix.records import OwnedFiles, contents, load_json, record_name, records, stem_of
from ..prefix.wheels import Managed
from ..prefix.wheels import read as read_managed
from .package_rules import COVERED
from .wheels import InstalledWheels

if TYPE_CHECKING:
    from .change import Change

#: Maximum bytes of a prefix for which a script's first line stays below Linux's limit of 127, with any Python version
#: and options.
_LONGEST = 100


@dataclass(frozen=True)
class Start:
    """Starting point of a change.

    ``bound`` are the record names of packages that must be linked again: in another prefix, or because of damage.
    ``fingerprint`` identifies the contents of the environment that is copied.
    """

    records: Sequence[PrefixRecord] = ()
    contents: Mapping[str, OwnedFiles] = field(default_factory=dict)
    requested: Mapping[str, str] = field(default_factory=dict)
    bound: frozenset[str] = frozenset()
    fingerprint: str | None = None
    wheels: InstalledWheels = field(default_factory=InstalledWheels)
    managed: Managed = field(default_factory=Managed)

    @classmethod
    def of(cls, change: Change) -> Start:
        """Read the starting point of a change."""
        place = change.begins_with
        if place is None:
            return cls()
        mark = state.fingerprint(place) if change.source else None
        found = contents(place)
        bound = bound_to(change.source, found, change.prefix) if change.source else frozenset[str]()
        bound |= record_names(found, change.relinked)
        asked = state.requested_specs(place) if change.is_continued else {}
        # What another program installed is replaced if the lock has it, too.
        removable = {*change.others_removed, *(each.name for each in change.distributions())}
        installed = InstalledWheels.of(place, removable, change.reinstalled)
        managed = read_managed(place) if change.is_continued else Managed()
        return cls(records(place), found, asked, bound, mark, installed, managed)

    @property
    def files(self) -> frozenset[str]:
        """The files of all packages, from channels and from the index, as paths inside the prefix."""
        return self.files_of(self.records) | self.wheels.all_files

    def files_of(self, records: Iterable[PrefixRecord]) -> frozenset[str]:
        """Return the paths inside the prefix that belong to these packages."""
        return frozenset[str]().union(*(self.contents[record_name(record)].files for record in records))

    def leaving(self, staying: Iterable[PrefixRecord], staying_wheels: Collection[str]) -> frozenset[str]:
        """Return the files that leave if these conda packages, and these projects from an index, stay.

        Raises JobFailed if the files of a package that leaves are not known.
        """
        gone = self.files_of(self.records) | self.wheels.leaving(staying_wheels)
        return gone - self.files_of(staying) - self.wheels.files_of(staying_wheels)

    def written(self, records: Iterable[PrefixRecord]) -> dict[str, tuple[str, ...]]:
        """Return the text files of these packages that contain the prefix, by record name."""
        return {name: self.contents[name].written for name in map(record_name, records)}

    def kept(self, after: Iterable[RepoDataRecord], coming: Iterable[RepoDataRecord]) -> list[PrefixRecord]:
        """Return the installed records that stay and need not be linked again."""
        names = set(map(record_name, after)) - set(map(record_name, coming))
        return [record for record in self.records if record_name(record) in names]


def record_names(found: Iterable[str], packages: Collection[str]) -> frozenset[str]:
    """Return those names of record files that belong to packages with these names."""
    return frozenset(name for name in found if (stem := stem_of(name)) is not None and stem.name in packages)


def uncovered(place: Path, staying: Iterable[RepoDataRecord]) -> frozenset[str]:
    """Return the names of the staying records that must be linked again, because a package that covers a file leaves.

    If two packages have the same file, rattler puts the second one into another directory. It brings it back if it
    removes the first package itself, but here packages leave by not being cloned.
    """
    if not (place / COVERED).is_dir():
        return frozenset()
    found = {name: _recorded_paths(place, name) for name in map(record_name, staying)}
    there = {path for paths in found.values() for path, _ in paths}
    return frozenset(
        name
        for name, paths in found.items()
        if any(path.startswith(COVERED) and original not in there for path, original in paths)
    )


def _recorded_paths(place: Path, name: str) -> list[tuple[str, str]]:
    """Return the paths of a record, each with the path that it has in the package."""
    entries = (load_json(place / "conda-meta" / name).get("paths_data") or {}).get("paths") or ()
    return [(each["_path"], each.get("original_path") or each["_path"]) for each in entries]


def bound_to(place: Path, found: Mapping[str, OwnedFiles], new: Path) -> frozenset[str]:
    """Return the record names of the packages that must be linked again when ``place`` is copied to ``new``."""
    is_written = _is_plain(place) and _is_plain(new)
    return frozenset(n for n, package in found.items() if package.is_bound or (package.written and not is_written))


def _is_plain(place: Path) -> bool:
    """Return whether a prefix can be in the first line of a script: short enough and without white space."""
    text = os.fspath(place)
    return os.name != "nt" and len(os.fsencode(text)) <= _LONGEST and not re.search(r"\s", text)


def changed_records(
    before: Iterable[RepoDataRecord], after: Sequence[RepoDataRecord], bound: Collection[str] = ()
) -> list[RepoDataRecord]:
    """Return the records of ``after`` that have to be linked if ``before`` is installed.

    If Python's minor version changes, all ``noarch: python`` packages are linked again, since their path contains it.
    So are, in a copy, the packages that are ``bound`` to the old prefix (names of record files).
    """
    installed = list(before)
    have = {(record_name(r), r.subdir) for r in installed if record_name(r) not in bound}
    moved = python_moves(installed, after)
    return [r for r in after if (moved and r.noarch.python) or (record_name(r), r.subdir) not in have]


def python_moves(before: Iterable[RepoDataRecord], after: Iterable[RepoDataRecord]) -> bool:
    """Return whether Python's minor version changes."""
    return _python_of(before) != _python_of(after)


def _python_of(records: Iterable[RepoDataRecord]) -> list[tuple[str, bool]]:
    """Return Python's minor version, and whether its build is free-threaded and so has another ``site-packages``."""
    return [
        (minor_of(r.version), (r.python_site_packages_path or "").endswith("t/site-packages"))
        for r in records
        if r.name.normalized == "python"
    ][:1]
