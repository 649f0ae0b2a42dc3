"""Can these specs be installed at all? A quick answer, for many requests that share most of their packages.

A record is *feasible* when its virtual packages are there and each of its dependencies has a feasible
record: the greatest set of records with that property (arc consistency, as in AC-4). Whoever is outside of
it can surely not be installed. The solver also refuses requests whose feasible records exclude each other;
the usual ones of these are found by *narrowing*: what every solution must hold (one TensorFlow, one Python,
and what they ask for) may only be the records that all of them accept, and then every other dependency and
constraint on it counts.

Only the names that are met on the way are loaded, as many as a solution has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from rattler import BuildString, GenericVirtualPackage, MatchSpec, PackageName, PackageRecord, RepoDataRecord

#: Records that are few enough to be compared one by one.
_FEW = 16
_NAME = re.compile(r"(?:[^\s:]+::)?([\w.-]+)")


class Spec:
    """A spec's text, and the records that it matches, best first (None while they are not loaded)."""

    __slots__ = ("all", "match", "name", "nodes", "text", "virtual")

    def __init__(self, text: str) -> None:
        found = _NAME.match(text)
        self.text = text
        self.name = found[1].lower() if found else text
        self.virtual = self.name.startswith("__")
        self.match = MatchSpec(text, strict=False)
        self.nodes: list[Node] | None = None
        #: The same as a set, once the records are loaded.
        self.all: frozenset[Node] = frozenset()


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
    _nodes: dict[str, list[Node]] = field(default_factory=dict)
    _specs: dict[str, Spec] = field(default_factory=dict)
    _needs: dict[frozenset[Node], frozenset[frozenset[Spec]]] = field(default_factory=dict)

    def add(self, names: Iterable[str], records: Iterable[RepoDataRecord]) -> None:
        """Take in ``records``: all there are of ``names``, in the channels' order."""
        found: dict[str, list[RepoDataRecord]] = {name: [] for name in names}
        for record in records:
            same = found.setdefault(record.name.normalized, [])
            if not self.strict or not same or same[0].channel == record.channel:
                same.append(record)
        for name, same in found.items():
            same.sort(key=lambda record: (not record.track_features, record.version, record.build_number))
            self._nodes[name] = [Node(self, record) for record in reversed(same)]
        self.missing.difference_update(found)

    def spec(self, text: str) -> Spec:
        """Return the one Spec of a text."""
        spec = self._specs.get(text)
        if spec is None:
            spec = self._specs[text] = Spec(text)
        return spec

    def named(self, name: str) -> list[Node]:
        """Return the records of a name, best first; none where it is not loaded."""
        return self._nodes.get(name, [])

    def matching(self, spec: Spec) -> list[Node] | None:
        """Return the records that a spec matches, best first; None while its name is not loaded."""
        if spec.nodes is None:
            nodes = self._nodes.get(spec.name)
            if nodes is None:
                self.missing.add(spec.name)
                return None
            matches = spec.match.matches
            spec.nodes = [node for node in nodes if matches(node.record)]
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


class Check:
    """One question to a pool: are these specs feasible on a machine?

    ``virtual`` maps the names of virtual packages to what the machine has, None for absent; a name that is
    not in it is left open: whatever is asked of it is granted. ``fixed`` maps names to the only records
    that may be used for them. While names are missing from the pool the answer is provisional.
    """

    def __init__(
        self,
        pool: Pool,
        specs: Iterable[str],
        virtual: Mapping[str, PackageRecord | None],
        fixed: Mapping[str, Iterable[Node]],
    ) -> None:
        self._pool = pool
        self._virtual = virtual
        self._specs = [pool.spec(text) for text in specs]
        self._domains = {name: frozenset(nodes) for name, nodes in fixed.items()}
        #: Whether a name was met that the pool does not hold yet.
        self.provisional = False
        self._users: dict[Spec, list[Node]] = {}
        self._supported: dict[Node, list[Spec]] = {}
        #: Records that cannot be had, each with the spec that nothing meets; and the specs that nothing meets.
        self._dead: dict[Node, Spec] = {}
        self._dead_specs: set[Spec] = set()
        #: Whether nothing was found that stands against the request.
        self.feasible = True
        self._narrow()
        self._propagate()

    def cause(self) -> tuple[str | None, str]:
        """Return the end of the chain of reasons: the package that asks (None: the request), and its spec."""
        asker: str | None = None
        spec = next((spec for spec in self._specs if spec in self._dead_specs), None)
        visited: set[Spec] = set()
        while spec is not None and spec not in visited:
            visited.add(spec)
            node = next((node for node in spec.nodes or () if node in self._dead), None)
            if node is None:
                break
            asker, spec = node.record.name.normalized, self._dead[node]
        return asker, spec.text if spec else ""

    def unmet(self, name: str) -> list[str]:
        """Return the specs on ``name`` that could not be met on the way."""
        found = {*self._dead_specs, *self._dead.values()}
        return [spec.text for spec in found if spec.name == name]

    def best(self, name: str) -> RepoDataRecord | None:
        """Return the best record of ``name`` that was not found dead, among those that may be used."""
        domain = self._domains.get(name)
        for node in self._pool.named(name):
            if node not in self._dead and (domain is None or node in domain):
                return node.record
        return None

    def _matching(self, spec: Spec) -> list[Node] | None:
        found = self._pool.matching(spec)
        if found is None:
            self.provisional = True
        return found

    def _narrow(self) -> None:
        """Find what every solution holds, and the records that all who ask for it accept."""
        agenda = [frozenset((spec,)) for spec in self._specs]
        done: set[frozenset[Spec]] = set()
        while agenda:
            specs = agenda.pop()
            name = next(iter(specs)).name
            if specs in done or name.startswith("__"):
                continue
            done.add(specs)
            if None in [self._matching(spec) for spec in specs]:
                continue
            allowed = (
                frozenset[Node]().union(*(spec.all for spec in specs)) if len(specs) > 1 else next(iter(specs)).all
            )
            before = self._domains.get(name)
            # The same object where nothing changes: its hash is known, and so is what it needs.
            domain = allowed if before is None else before if before <= allowed else before & allowed
            self._domains[name] = domain
            if domain:
                agenda.extend(self._pool.needs(domain) - done)

    def _propagate(self) -> None:
        """Follow the best record of every spec met; where it turns out dead, the next one, until none is left."""
        opened: list[Node] = []
        seen: set[Node] = set()
        all_users, dead, dead_specs = self._users, self._dead, self._dead_specs
        for spec in self._specs:
            all_users.setdefault(spec, [])
            if not self._support(spec, opened):
                dead_specs.add(spec)
                self.feasible = False
        while opened and self.feasible:
            node = opened.pop()
            if node in seen or node in dead:
                continue
            seen.add(node)
            unmet = self._unmet(node)
            if unmet is not None:
                self._kill(node, unmet, opened)
                continue
            for spec in node.depends:
                users = all_users.get(spec)
                if users is not None:
                    users.append(node)
                else:
                    all_users[spec] = [node]
                    if not self._support(spec, opened):
                        dead_specs.add(spec)
                if spec in dead_specs:
                    self._kill(node, spec, opened)
                    break

    def _unmet(self, node: Node) -> Spec | None:
        """Return the constraint of a record that the machine, or what every solution holds, does not meet."""
        for spec in node.constrains:
            if spec.virtual:
                present = self._virtual.get(spec.name)
                if present is not None and not spec.match.matches(present):
                    return spec
            elif spec.name in self._domains:
                found = self._matching(spec)
                if found is not None and self._domains[spec.name].isdisjoint(spec.all):
                    return spec
        return None

    def _support(self, spec: Spec, opened: list[Node]) -> bool:
        """Tie a spec to the best record that is not known to be dead; False where there is none."""
        if spec.virtual:
            if spec.name not in self._virtual:
                return True
            present = self._virtual[spec.name]
            return present is not None and spec.match.matches(present)
        found = spec.nodes if spec.nodes is not None else self._matching(spec)
        if found is None:
            return True
        domain = self._domains.get(spec.name)
        dead = self._dead
        for node in found:
            if node not in dead and (domain is None or node in domain):
                self._supported.setdefault(node, []).append(spec)
                opened.append(node)
                return True
        return False

    def _kill(self, node: Node, cause: Spec, opened: list[Node]) -> None:
        agenda = [(node, cause)]
        while agenda:
            node, cause = agenda.pop()
            if node in self._dead:
                continue
            self._dead[node] = cause
            for spec in self._supported.pop(node, ()):
                if not self._support(spec, opened):
                    self._dead_specs.add(spec)
                    if spec in self._specs:
                        self.feasible = False
                    agenda.extend((user, spec) for user in self._users[spec])


def virtual_record(name: str, version: str) -> PackageRecord:
    """Return a virtual package that is not there, to ask what would be if it were."""
    return PackageRecord(PackageName(name), version, BuildString("0"), build_number=0, subdir="noarch")


def as_record(package: GenericVirtualPackage) -> PackageRecord:
    """Return a virtual package in the form that specs are matched against."""
    return PackageRecord(package.name, str(package.version), package.build_string, build_number=0, subdir="noarch")
