"""Compare two sets of records, as a plan's entries and as a one-line summary."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from ..conda.prefix.records import by_name, channel_of
from ..models import Action, Installed
from ..sentences import some
from ..tensorflow_packages import rank
from .models import Entry

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord

_VERBS: dict[Action, str] = {
    "install": "added",
    "upgrade": "upgraded",
    "downgrade": "downgraded",
    "change": "changed",
    "remove": "removed",
}


def _side(record: RepoDataRecord) -> Installed:
    return {
        "version": str(record.version),
        "build": str(record.build),
        "channel": channel_of(record.channel, record.subdir) or None,
    }


def same(a: RepoDataRecord, b: RepoDataRecord) -> bool:
    """Return whether two records describe the same build of a package."""
    return (str(a.version), str(a.build), a.subdir) == (str(b.version), str(b.build), b.subdir)


def entries(
    before: Iterable[RepoDataRecord], after: Iterable[RepoDataRecord], requested: Collection[str]
) -> list[Entry]:
    """Return an entry for each package that changes, requested ones first.

    Both parts begin with TensorFlow, Keras and Python; the others follow by name. ``requested`` holds package names.
    """
    old = by_name(before)
    new = by_name(after)
    found = []
    for name in old.keys() | new.keys():
        was, will = old.get(name), new.get(name)
        if was is not None and will is not None:
            if same(was, will):
                continue
            action: Action = (
                "change" if was.version == will.version else "upgrade" if will.version > was.version else "downgrade"
            )
        else:
            action = "install" if was is None else "remove"
        found.append(
            Entry(
                action=action,
                name=name,
                from_=None if was is None else _side(was),
                to=None if will is None else {**_side(will), "size": will.size},
                requested=name in requested,
            )
        )
    return sorted(found, key=lambda entry: (not entry.requested, rank(entry.name), entry.name))


def summary(lines: list[Entry]) -> str:
    """Return one line for a revision: the requested packages, in their order, and a count of the others."""
    named = []
    for entry in lines:
        if not entry.requested:
            continue
        if entry.from_ and entry.to:
            named.append(f"{entry.name} {entry.from_['version']} → {entry.to['version']}")
        elif entry.to:
            named.append(f"{entry.name} {entry.to['version']}")
        else:
            named.append(f"{entry.name} removed")
    rest = [entry.action for entry in lines if not entry.requested]
    counts = [f"{rest.count(action)} {word}" for action, word in _VERBS.items() if action in rest]
    text = some(named, 4)
    return "; ".join(part for part in (text, ", ".join(counts)) if part) or "No packages changed"
