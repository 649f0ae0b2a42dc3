"""Decide quickly whether specs can be installed, for many requests that share most of their packages.

A record is *feasible* if the machine has its virtual packages and each of its dependencies has a feasible record. The
feasible records are the largest set with that property (arc consistency, as in AC-4). A record outside this set cannot
be installed. The solver also refuses requests whose feasible records exclude each other. *Narrowing* finds the common
cases. Every solution must contain certain packages: one TensorFlow, one Python, and their dependencies. Only records
that all of these accept may be used for them, and then every other dependency and constraint on them is applied.

Only the names that are encountered on the way are loaded, about as many as a solution has.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rattler import BuildString, GenericVirtualPackage, PackageName, PackageRecord, RepoDataRecord

from .candidates import Node, Pool, Spec


class Request:
    """Specs to install together, with the usable records of the packages that every solution must contain.

    ``fixed`` maps names to the only records that may be used for them. While names are missing from the pool, the
    answers are provisional.
    """

    def __init__(self, pool: Pool, specs: Iterable[str], fixed: Mapping[str, Iterable[Node]]) -> None:
        self.pool = pool
        self.specs = [pool.spec(text) for text in specs]
        #: Usable records by name. All records of a name that is not in it are usable.
        self.domains = {name: frozenset(nodes) for name, nodes in fixed.items()}
        #: Whether a name was encountered that the pool does not have yet.
        self.provisional = False
        self._narrow()

    def on(self, machine: Mapping[str, PackageRecord | None]) -> Feasibility:
        """Check whether this request can be installed on a machine.

        ``machine`` maps the names of virtual packages to their records, or to None if they are absent. For a name that
        is not in it, every requirement counts as met.
        """
        return Feasibility(self, machine)

    def matching(self, spec: Spec) -> list[Node] | None:
        """Return the records that a spec matches, best first, or None if its name is not loaded."""
        found = self.pool.matching(spec)
        if found is None:
            self.provisional = True
        return found

    def _narrow(self) -> None:
        """Find the packages that every solution contains, and the records of them that all dependents accept."""
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
            # If nothing changes, keep the same object: its hash and its needs are cached.
            domain = allowed if before is None else before if before <= allowed else before & allowed
            self.domains[name] = domain
            if domain:
                agenda.extend(self.pool.needs(domain) - done)


class Feasibility:
    """Answer to a request on a machine."""

    def __init__(self, request: Request, machine: Mapping[str, PackageRecord | None]) -> None:
        self._request = request
        self._machine = machine
        self._users: dict[Spec, list[Node]] = {}
        self._supported: dict[Node, list[Spec]] = {}
        #: Records that cannot be installed, each with the unmet spec that rules it out.
        self._dead: dict[Node, Spec] = {}
        #: Specs that no record satisfies.
        self._dead_specs: set[Spec] = set()
        #: Whether nothing was found that rules out the request.
        self.feasible = True
        self._propagate()

    def cause(self) -> tuple[str | None, str]:
        """Return the root cause: an unmet spec, and the package that depends on it (None if it was requested)."""
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
        """Return the specs of the package ``name`` that were found to be unmet."""
        found = {*self._dead_specs, *self._dead.values()}
        return [spec.text for spec in found if spec.name == name]

    def best(self, name: str) -> RepoDataRecord | None:
        """Return the best usable record of ``name`` that was not ruled out."""
        domain = self._request.domains.get(name)
        for node in self._request.pool.named(name):
            if node not in self._dead and (domain is None or node in domain):
                return node.record
        return None

    def usable(self, name: str) -> list[RepoDataRecord]:
        """Return the records of ``name`` that neither this check nor one of their direct dependencies rules out."""
        domains = self._request.domains
        domain = domains.get(name)

        def fits(node: Node) -> bool:
            if node in self._dead or (domain is not None and node not in domain):
                return False
            found = [spec for spec in node.depends if spec.name in domains and self._request.matching(spec) is not None]
            return not any(domains[spec.name].isdisjoint(spec.all) for spec in found)

        return [node.record for node in self._request.pool.named(name) if fits(node)]

    def _propagate(self) -> None:
        """Follow the best record of every spec; if it turns out to be dead, the next one, until none is left."""
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
        """Return a record's constraint that the machine or the packages of every solution violate, or None."""
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
        """Tie a spec to the best record that is not known to be dead, and return whether there is one."""
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
            # Nothing depends on this record yet, so an unmet dependency is cheapest to find now.
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
    """Return the record of a hypothetical virtual package."""
    return PackageRecord(PackageName(name), version, BuildString("0"), build_number=0, subdir="noarch")


def as_record(package: GenericVirtualPackage) -> PackageRecord:
    """Return a virtual package as a record, which specs can be matched against."""
    return PackageRecord(package.name, str(package.version), package.build_string, build_number=0, subdir="noarch")
