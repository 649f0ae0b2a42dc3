"""Represent the channels' records as a graph, for queries over many of them (see ``feasibility``)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rattler import MatchSpec, RepoDataRecord

#: Maximum number of records that are compared one by one.
_FEW = 16
_NAME = re.compile(r"(?:[^\s:]+::)?([\w.-]+)")


class Spec:
    """Spec with the records that it matches, best first (None while they are not loaded)."""

    __slots__ = ("_match", "all", "name", "nodes", "text", "virtual")

    def __init__(self, text: str) -> None:
        found = _NAME.match(text)
        self.text = text
        self.name = found[1].lower() if found else text
        self.virtual = self.name.startswith("__")
        self.nodes: list[Node] | None = None
        #: The same records as a set; empty until they are loaded.
        self.all: frozenset[Node] = frozenset()
        self._match: MatchSpec | None = None

    @property
    def match(self) -> MatchSpec:
        if self._match is None:
            self._match = MatchSpec(self.text, strict=False)
        return self._match


class Node:
    """Record with its dependencies and constraints as specs of a pool."""

    __slots__ = ("_constrains", "_depends", "_needs", "pool", "record")

    def __init__(self, pool: Pool, record: RepoDataRecord) -> None:
        self.pool = pool
        self.record = record
        self._depends: list[Spec] | None = None
        self._needs: frozenset[Spec] | None = None
        self._constrains: list[Spec] | None = None

    @property
    def depends(self) -> list[Spec]:
        if self._depends is None:
            self._depends = list(map(self.pool.spec, self.record.depends))
        return self._depends

    @property
    def needs(self) -> frozenset[Spec]:
        """The dependencies as a set."""
        if self._needs is None:
            self._needs = frozenset(self.depends)
        return self._needs

    @property
    def constrains(self) -> list[Spec]:
        if self._constrains is None:
            self._constrains = list(map(self.pool.spec, self.record.constrains))
        return self._constrains


@dataclass
class Pool:
    """Records by name, best first. It is filled as names are encountered."""

    #: With strict channel priority, a package comes from the first channel that has its name.
    strict: bool = True
    #: Names that were looked up and are not loaded yet.
    missing: set[str] = field(default_factory=set)
    #: Loaded records in the channels' order; they are sorted when they are first used.
    _records: dict[str, list[RepoDataRecord]] = field(default_factory=dict)
    _nodes: dict[str, list[Node]] = field(default_factory=dict)
    _specs: dict[str, Spec] = field(default_factory=dict)
    _needs: dict[frozenset[Node], frozenset[frozenset[Spec]]] = field(default_factory=dict)

    def add(self, names: Iterable[str], records: Iterable[RepoDataRecord]) -> None:
        """Add ``records``, which must be all the records of ``names``, in the channels' order."""
        self._records.update((name, []) for name in names)
        for record in records:
            self._records.setdefault(record.name.normalized, []).append(record)
        self.missing.difference_update(self._records)

    def spec(self, text: str) -> Spec:
        """Return the only Spec instance for a text."""
        spec = self._specs.get(text)
        if spec is None:
            spec = self._specs[text] = Spec(text)
        return spec

    def named(self, name: str) -> list[Node]:
        """Return the records of a name, best first; none if the name is not loaded."""
        nodes = self._nodes.get(name)
        if nodes is None:
            records = self._records.get(name)
            if records is None:
                return []
            if self.strict and records:
                first = records[0].channel
                records = [record for record in records if record.channel == first]
            # Records sort in the solver's order: without track_features, then by version, build number and time.
            nodes = self._nodes[name] = [Node(self, record) for record in sorted(records, reverse=True)]
        return nodes

    def matching(self, spec: Spec) -> list[Node] | None:
        """Return the records that a spec matches, best first, or None if its name is not loaded."""
        if spec.nodes is None:
            if spec.name not in self._records:
                self.missing.add(spec.name)
                return None
            matches = spec.match.matches
            spec.nodes = [node for node in self.named(spec.name) if matches(node.record)]
            spec.all = frozenset(spec.nodes)
        return spec.nodes

    def needs(self, nodes: frozenset[Node]) -> frozenset[frozenset[Spec]]:
        """Return sets of specs such that every one of these records depends on at least one spec of each set."""
        found = self._needs.get(nodes)
        if found is None:
            found = frozenset(frozenset((spec,)) for spec in frozenset.intersection(*(n.needs for n in nodes)))
            # Builds of one package often depend on different builds of another package.
            if 1 < len(nodes) <= _FEW:
                by_name = [{spec.name: spec for spec in node.depends} for node in nodes]
                names = set.intersection(*(set(specs) for specs in by_name))
                found |= {frozenset(specs[name] for specs in by_name) for name in names}
            self._needs[nodes] = found
        return found
