"""Say why a package is installed: what needs it, and what it needs, across conda's packages and those of an index."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..conda.prefix import projects, wheels
from ..conda.prefix.pypi import pypi_packages
from ..conda.prefix.records import dependency, load_json, record_files, stem_of
from ..conda.prefix.state import requested_specs
from ..errors import NotFound
from ..plan_requests import Source
from ..pypi import installed as metadata
from ..pypi import requirements as texts
from ..sentences import say, without_credentials
from ..tensorflow_packages import DISTRIBUTIONS, LEADS


@dataclass(frozen=True)
class Related:
    """A package that needs another one, or that is needed; ``spec`` is the text of the need without the name.

    ``version`` and ``source`` are None if the package is not installed.
    """

    name: str
    version: str | None
    source: Source | None
    spec: str


@dataclass(frozen=True)
class Why:
    """Why a package is installed.

    ``spec`` is what was requested, or None. ``because`` names the packages from a requested one to this one, each of
    which needs the next; it is empty if the package is requested itself, or if no requested package needs it.
    """

    name: str
    version: str
    source: Source
    requested: bool
    spec: str | None
    because: tuple[str, ...]
    needed_by: tuple[Related, ...]
    needs: tuple[Related, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the contract's object."""
        return asdict(self)


@dataclass(frozen=True)
class _Node:
    name: str
    source: Source


@dataclass(frozen=True)
class _Need:
    """A dependency: the package that meets it, or None, and the name and versions that it asks for."""

    met: _Node | None
    name: str
    spec: str


@dataclass
class _Graph:
    """The packages of an environment, and what each needs."""

    versions: dict[_Node, str] = field(default_factory=dict)
    requested: dict[_Node, str] = field(default_factory=dict)
    needs: dict[_Node, list[_Need]] = field(default_factory=dict)

    def find(self, name: str, source: str | None) -> _Node:
        """Return a package by its name; of two with one name, the one that pip installed, as Python loads that."""
        wanted = name.strip().lower()
        nodes = [_Node(texts.normalize(wanted), "pypi"), _Node(wanted, "conda")]
        found = next((node for node in nodes if node in self.versions and source in (None, node.source)), None)
        if found is None:
            raise NotFound(say("“{name}” is not installed in this environment.", name=name[:60]))
        return found

    def chain(self, node: _Node) -> tuple[str, ...]:
        """Return the shortest chain of needs from a requested package to ``node``, without ``node`` itself."""
        above: dict[_Node, list[_Node]] = {}
        for each, needs in self.needs.items():
            for need in needs:
                if need.met is not None:
                    above.setdefault(need.met, []).append(each)
        if node in self.requested:
            return ()
        below: dict[_Node, _Node] = {}
        queue = [node]
        # The list grows while it is walked.
        for each in queue:
            for parent in sorted(above.get(each, ()), key=lambda one: one.name):
                if parent in below or parent == node:
                    continue
                below[parent] = each
                if parent in self.requested:
                    return tuple(_down(parent, node, below))
                queue.append(parent)
        return ()


def _down(top: _Node, bottom: _Node, below: Mapping[_Node, _Node]) -> Iterator[str]:
    while top != bottom:
        yield top.name
        top = below[top]


def why(prefix: Path, name: str, source: str | None = None) -> Why:
    """Return why a package is installed in a prefix. Raises NotFound if it is not."""
    graph = _read(prefix)
    node = graph.find(name, source)
    return Why(
        node.name,
        graph.versions[node],
        node.source,
        node in graph.requested,
        graph.requested.get(node),
        graph.chain(node),
        tuple(
            Related(each.name, graph.versions[each], each.source, need.spec)
            for each, needs in sorted(graph.needs.items(), key=lambda item: (item[0].name, item[0].source))
            for need in needs
            if need.met == node and each != node
        ),
        tuple(
            Related(
                need.met.name if need.met else need.name,
                graph.versions[need.met] if need.met else None,
                need.met.source if need.met else None,
                need.spec,
            )
            for need in sorted(graph.needs[node], key=lambda need: need.met.name if need.met else need.name)
            if need.met != node
        ),
    )


def _read(prefix: Path) -> _Graph:
    graph = _Graph()
    records: dict[str, dict[str, Any]] = {}
    providers: dict[str, _Node] = {}
    for path in record_files(prefix):
        stem = stem_of(path.name)
        if stem is not None:
            node = _Node(stem.name, "conda")
            graph.versions[node] = stem.version
            record = records[stem.name] = load_json(path)
            for project in projects.listed(_texts(record.get("files"))) or [projects.named(stem.name)]:
                providers.setdefault(project, node)
    for lead in LEADS & records.keys():
        for project in DISTRIBUTIONS:
            providers.setdefault(project, _Node(lead, "conda"))
    found = {package.name: package for package in pypi_packages(prefix)}
    for package in found.values():
        graph.versions[_Node(package.name, "pypi")] = package.version
    for project in DISTRIBUTIONS:
        # Each of these contains the module that needs are about.
        if project in found:
            providers.setdefault(DISTRIBUTIONS[0], _Node(project, "pypi"))
    managed = wheels.read(prefix)
    asked = requested_specs(prefix)
    graph.requested.update((_Node(each, "conda"), without_credentials(spec)) for each, spec in asked.items())
    graph.requested.update(
        (_Node(each, "pypi"), without_credentials(text)) for each, text in managed.requirements.items()
    )

    def project_of(name: str) -> _Node | None:
        return _Node(name, "pypi") if name in found else providers.get(name)

    def package_of(name: str) -> _Node | None:
        return _Node(name, "conda") if name in records else project_of(projects.named(name))

    for name, record in records.items():
        graph.needs[_Node(name, "conda")] = [
            _Need(package_of(need), need, text[len(need) :].strip())
            for text in _texts(record.get("depends"))
            # Virtual packages describe the machine.
            if not (need := dependency(text)).startswith("__")
        ]
    python = graph.versions.get(_Node("python", "conda"), "")
    environment = texts.markers(python) if python else {}
    requires = {name: metadata.requires(package.dist_info) for name, package in found.items()}
    for name, needs in _of_projects(requires, managed.requirements, environment).items():
        graph.needs[_Node(name, "pypi")] = [
            _Need(project_of(texts.normalize(need.name)), texts.normalize(need.name), str(need.specifier))
            for need in needs
        ]
    return graph


def _of_projects(
    requires: Mapping[str, Sequence[str]], requested: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, list[Any]]:
    """Return what each project needs, also for the extras that requests and other projects name."""
    extras: dict[str, set[str]] = {name: set() for name in requires}

    def note(names: Collection[str], project: str) -> bool:
        known = extras.get(texts.normalize(project))
        if known is None or known.issuperset(names):
            return False
        known.update(names)
        return True

    for text in requested.values():
        requirement = texts.needs([text], {})
        note(requirement[0].extras if requirement else (), requirement[0].name if requirement else "")
    while True:
        found = {name: texts.needs(listed, environment, extras[name]) for name, listed in requires.items()}
        if not any([note(need.extras, need.name) for needs in found.values() for need in needs]):
            return found


def _texts(value: Any) -> list[str]:
    """Return the strings in a list of a record, which another program may have written differently."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []
