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

from collections.abc import Iterable, Mapping

from rattler import BuildString, GenericVirtualPackage, PackageName, PackageRecord, RepoDataRecord

from .candidates import Node, Pool, Spec


class Request:
    """Specs that are asked for together, and of what every solution must hold the records that it may use.

    ``fixed`` maps names to the only records that may be used for them. While names are missing from the pool
    the answers are provisional.
    """

    def __init__(self, pool: Pool, specs: Iterable[str], fixed: Mapping[str, Iterable[Node]]) -> None:
        self.pool = pool
        self.specs = [pool.spec(text) for text in specs]
        #: The records that may be used, by name; of a name that is not in it, all of them.
        self.domains = {name: frozenset(nodes) for name, nodes in fixed.items()}
        #: Whether a name was met that the pool does not hold yet.
        self.provisional = False
        self._narrow()

    def on(self, machine: Mapping[str, PackageRecord | None]) -> Feasibility:
        """Return whether this can be had on a machine.

        ``machine`` maps the names of virtual packages to what is there, None for absent; a name that is not in
        it is left open: whatever is asked of it is granted.
        """
        return Feasibility(self, machine)

    def matching(self, spec: Spec) -> list[Node] | None:
        """Return the records that a spec matches, best first; None while its name is not loaded."""
        found = self.pool.matching(spec)
        if found is None:
            self.provisional = True
        return found

    def _narrow(self) -> None:
        """Find what every solution holds, and the records that all who ask for it accept."""
        agenda = [frozenset((spec,)) for spec in self.specs]
        done: set[frozenset[Spec]] = set()
        while agenda:
            specs = agenda.pop()
            name = next(iter(specs)).name
            if specs in done or name.startswith("__"):
                continue
            done.add(specs)
            if None in [self.matching(spec) for spec in specs]:
                continue
            allowed = (
                frozenset[Node]().union(*(spec.all for spec in specs)) if len(specs) > 1 else next(iter(specs)).all
            )
            before = self.domains.get(name)
            # The same object where nothing changes: its hash is known, and so is what it needs.
            domain = allowed if before is None else before if before <= allowed else before & allowed
            self.domains[name] = domain
            if domain:
                agenda.extend(self.pool.needs(domain) - done)


class Feasibility:
    """The answer to a request on a machine."""

    def __init__(self, request: Request, machine: Mapping[str, PackageRecord | None]) -> None:
        self._request = request
        self._machine = machine
        self._users: dict[Spec, list[Node]] = {}
        self._supported: dict[Node, list[Spec]] = {}
        #: Records that cannot be had, each with the spec that nothing meets; and the specs that nothing meets.
        self._dead: dict[Node, Spec] = {}
        self._dead_specs: set[Spec] = set()
        #: Whether nothing was found that stands against the request.
        self.feasible = True
        self._propagate()

    def cause(self) -> tuple[str | None, str]:
        """Return the end of the chain of reasons: the package that asks (None: the request), and its spec."""
        asker: str | None = None
        spec = next((spec for spec in self._request.specs if spec in self._dead_specs), None)
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
        domain = self._request.domains.get(name)
        for node in self._request.pool.named(name):
            if node not in self._dead and (domain is None or node in domain):
                return node.record
        return None

    def _propagate(self) -> None:
        """Follow the best record of every spec met; where it turns out dead, the next one, until none is left."""
        opened: list[Node] = []
        seen: set[Node] = set()
        all_users, dead, dead_specs = self._users, self._dead, self._dead_specs
        for spec in self._request.specs:
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
        request = self._request
        for spec in node.constrains:
            if spec.virtual:
                present = self._machine.get(spec.name)
                if present is not None and not spec.match.matches(present):
                    return spec
            elif spec.name in request.domains:
                found = request.matching(spec)
                if found is not None and request.domains[spec.name].isdisjoint(spec.all):
                    return spec
        return None

    def _support(self, spec: Spec, opened: list[Node]) -> bool:
        """Tie a spec to the best record that is not known to be dead; False where there is none."""
        if spec.virtual:
            if spec.name not in self._machine:
                return True
            present = self._machine[spec.name]
            return present is not None and spec.match.matches(present)
        found = spec.nodes if spec.nodes is not None else self._request.matching(spec)
        if found is None:
            return True
        domain = self._request.domains.get(spec.name)
        dead, dead_specs, supported = self._dead, self._dead_specs, self._supported
        for node in found:
            if node in dead or (domain is not None and node not in domain):
                continue
            # Nothing rests on it yet: what would be found out later is seen at once.
            if node not in supported and not dead_specs.isdisjoint(node.needs):
                dead[node] = next(need for need in node.depends if need in dead_specs)
                continue
            supported.setdefault(node, []).append(spec)
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
                    if spec in self._request.specs:
                        self.feasible = False
                    agenda.extend((user, spec) for user in self._users[spec])


def virtual_record(name: str, version: str) -> PackageRecord:
    """Return a virtual package that is not there, to ask what would be if it were."""
    return PackageRecord(PackageName(name), version, BuildString("0"), build_number=0, subdir="noarch")


def as_record(package: GenericVirtualPackage) -> PackageRecord:
    """Return a virtual package in the form that specs are matched against."""
    return PackageRecord(package.name, str(package.version), package.build_string, build_number=0, subdir="noarch")
