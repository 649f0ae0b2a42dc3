"""The channels' records as a graph, for questions that are asked of many of them: see ``feasibility``."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rattler import MatchSpec, RepoDataRecord

#: Records that are few enough to be compared one by one.
_FEW = 16
_NAME = re.compile(r"(?:[^\s:]+::)?([\w.-]+)")


class Spec:
    """A spec's text, and the records that it matches, best first (None while they are not loaded)."""

    __slots__ = ("_match", "all", "name", "nodes", "text", "virtual")

    def __init__(self, text: str) -> None:
        found = _NAME.match(text)
        self.text = text
        self.name = found[1].lower() if found else text
        self.virtual = self.name.startswith("__")
        self.nodes: list[Node] | None = None
        #: The same as a set, once the records are loaded.
        self.all: frozenset[Node] = frozenset()
        self._match: MatchSpec | None = None

    @property
    def match(self) -> MatchSpec:
        if self._match is None:
            self._match = MatchSpec(self.text, strict=False)
        return self._match


class Node:
    """One record, with its dependencies and constraints as specs of a pool."""

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
    """Records by name, best first; filled as names are met."""

    #: With strict channel priority a name comes from the first channel that has it.
    strict: bool = True
    #: Names that were asked for and are not loaded yet.
    missing: set[str] = field(default_factory=set)
    #: What is loaded, in the channels' order, until somebody asks for it.
    _records: dict[str, list[RepoDataRecord]] = field(default_factory=dict)
    _nodes: dict[str, list[Node]] = field(default_factory=dict)
    _specs: dict[str, Spec] = field(default_factory=dict)
    _needs: dict[frozenset[Node], frozenset[frozenset[Spec]]] = field(default_factory=dict)

    def add(self, names: Iterable[str], records: Iterable[RepoDataRecord]) -> None:
        """Take in ``records``: all there are of ``names``, in the channels' order."""
        self._records.update((name, []) for name in names)
        for record in records:
            self._records.setdefault(record.name.normalized, []).append(record)
        self.missing.difference_update(self._records)

    def spec(self, text: str) -> Spec:
        """Return the one Spec of a text."""
        spec = self._specs.get(text)
        if spec is None:
            spec = self._specs[text] = Spec(text)
        return spec

    def named(self, name: str) -> list[Node]:
        """Return the records of a name, best first; none where it is not loaded."""
        nodes = self._nodes.get(name)
        if nodes is None:
            records = self._records.get(name)
            if records is None:
                return []
            if self.strict and records:
                first = records[0].channel
                records = [record for record in records if record.channel == first]
            # Records have the solver's order: without track_features, by version, build number and time.
            nodes = self._nodes[name] = [Node(self, record) for record in sorted(records, reverse=True)]
        return nodes

    def matching(self, spec: Spec) -> list[Node] | None:
        """Return the records that a spec matches, best first; None while its name is not loaded."""
        if spec.nodes is None:
            if spec.name not in self._records:
                self.missing.add(spec.name)
                return None
            matches = spec.match.matches
            spec.nodes = [node for node in self.named(spec.name) if matches(node.record)]
            spec.all = frozenset(spec.nodes)
        return spec.nodes

    def needs(self, nodes: frozenset[Node]) -> frozenset[frozenset[Spec]]:
        """Return what each of these records asks for: of every set, one spec is asked for by every record."""
        found = self._needs.get(nodes)
        if found is None:
            found = frozenset(frozenset((spec,)) for spec in frozenset.intersection(*(n.needs for n in nodes)))
            # Builds of one package often differ in the build of another that they name.
            if 1 < len(nodes) <= _FEW:
                by_name = [{spec.name: spec for spec in node.depends} for node in nodes]
                names = set.intersection(*(set(specs) for specs in by_name))
                found |= {frozenset(specs[name] for specs in by_name) for name in names}
            self._needs[nodes] = found
        return found
