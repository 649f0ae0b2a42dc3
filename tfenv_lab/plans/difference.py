"""Compare two sets of records, as a plan's entries and as a one-line summary."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..conda.prefix.records import by_name, channel_of
from ..models import Action, Installed
from ..plan_requests import Source
from ..pypi.models import Distribution
from ..sentences import joined, say, say_n, some
from ..tensorflow_packages import rank
from .models import Entry

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord

#: A dependency on one build of a package, as the outputs of one recipe have it.
_EXACT = re.compile(r"[^ ]+ (?:==)?[^ <>=*|,~!]+ [^ *]+")
#: What happened to other packages than the requested ones.
_COUNTED: dict[Action, Callable[[int], str]] = {
    "install": lambda count: say_n("{count} added", "{count} added", count),
    "upgrade": lambda count: say_n("{count} upgraded", "{count} upgraded", count),
    "downgrade": lambda count: say_n("{count} downgraded", "{count} downgraded", count),
    "change": lambda count: say_n("{count} changed", "{count} changed", count),
    "remove": lambda count: say_n("{count} removed", "{count} removed", count),
    "repair": lambda count: say_n("{count} repaired", "{count} repaired", count),
}


@dataclass(frozen=True)
class _Package:
    """A package before or after a change, from either source; ``identity`` is equal for the same build.

    ``exact`` are the builds that it requires, as ``name version build``.
    """

    version: str
    build: str
    channel: str | None
    size: int | None
    source: Source
    identity: tuple[str, ...]
    exact: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether the file is known that it was installed from; pip and uv do not say it."""
        return self.source == "conda" or self.channel is not None

    @property
    def side(self) -> Installed:
        return {"version": self.version, "build": self.build, "channel": self.channel}


def _of_conda(record: RepoDataRecord) -> _Package:
    version, build = str(record.version), str(record.build)
    channel = channel_of(record.channel, record.subdir) or None
    exact = tuple(need.replace("==", "") for need in record.depends if _EXACT.fullmatch(need))
    return _Package(version, build, channel, record.size, "conda", (version, build, record.subdir), exact)


def _of_index(found: Distribution) -> _Package:
    identity = (found.version, found.tag, found.sha256 or found.url)
    # What pip or uv installed in a terminal has no URL, so its file is not known.
    build, origin = (found.tag, found.origin) if found.url else ("", None)
    return _Package(found.known_version, build, origin, found.size, "pypi", identity)


def same(a: RepoDataRecord, b: RepoDataRecord) -> bool:
    """Return whether two records describe the same build of a package."""
    return _of_conda(a).identity == _of_conda(b).identity


def _packages(records: Iterable[RepoDataRecord], distributions: Iterable[Distribution]) -> dict[str, _Package]:
    """Return packages of both sources by name. A project that conda provides under its own name is one package."""
    return {
        **{each.name: _of_index(each) for each in distributions},
        **{name: _of_conda(record) for name, record in by_name(records).items()},
    }


def entries(
    before: Iterable[RepoDataRecord],
    after: Iterable[RepoDataRecord],
    requested: Collection[str],
    *,
    distributions_before: Iterable[Distribution] = (),
    distributions: Iterable[Distribution] = (),
) -> list[Entry]:
    """Return an entry for each package that changes, requested ones first.

    Both parts begin with TensorFlow, Keras and Python; the others follow by name. ``requested`` holds package names,
    and ``distributions`` are the packages from an index.
    """
    old = _packages(before, distributions_before)
    new = _packages(after, distributions)
    found = []
    for name in old.keys() | new.keys():
        was, will = old.get(name), new.get(name)
        if was is not None and will is not None and (was.source, was.identity) == (will.source, will.identity):
            continue
        if was is not None and will is not None and not was.is_known and was.version == will.version:
            # The change adopts what pip or uv installed.
            was = None
        present = will or was
        found.append(
            Entry(
                action=_action(was, will),
                name=name,
                from_=None if was is None else was.side,
                to=None if will is None else {**will.side, "size": will.size, "parts": []},
                requested=name in requested,
                source=present.source if present else "conda",
            )
        )
    coming = {entry.name: entry.to for entry in found if entry.to is not None}
    for name, to in coming.items():
        to["parts"] = _parts(name, new, coming.keys())
    return in_order(found)


def in_order(lines: Iterable[Entry]) -> list[Entry]:
    """Return entries in the order of a plan."""
    return sorted(lines, key=lambda entry: (not entry.requested, rank(entry.name), entry.name))


def _parts(name: str, packages: Mapping[str, _Package], coming: Collection[str]) -> list[str]:
    """Return the packages among ``coming`` that belong to a package, directly or through another part."""
    parts: dict[str, None] = {}
    waiting = [name]
    while waiting:
        for need in packages[waiting.pop()].exact:
            part, version, build = need.split(" ")
            found = packages.get(part)
            is_it = found is not None and (found.version, found.build) == (version, build)
            if is_it and part in coming and part != name and part not in parts:
                parts[part] = None
                waiting.append(part)
    return sorted(parts)


def _action(was: _Package | None, will: _Package | None) -> Action:
    from ..conda.solving.specs import newer

    if was is None or will is None:
        return "install" if was is None else "remove"
    if was.version == will.version or not (was.version and will.version):
        return "change"
    return "upgrade" if newer(will.version, was.version) else "downgrade"


def summary(lines: list[Entry]) -> str:
    """Return one line for a revision: the requested packages, in their order, and a count of the others."""
    named: list[str] = []
    for entry in lines:
        if not entry.requested:
            continue
        if entry.from_ and entry.to:
            named.append(f"{entry.name} {entry.from_['version']} → {entry.to['version']}")
        elif entry.to:
            named.append(f"{entry.name} {entry.to['version']}")
        else:
            named.append(say("{name} removed", name=entry.name))
    rest = [entry.action for entry in lines if not entry.requested]
    counts = [counted(rest.count(action)) for action, counted in _COUNTED.items() if action in rest]
    text = some(named, 4)
    return joined("; ", (text, joined(", ", counts))) or say("No packages changed")
