"""Find dependencies of TensorFlow and Keras that are missing or have an unsupported version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...conda.prefix import projects
from ...pypi.models import MARK
from ...pypi.names import normalize
from ...pypi.requirements import needs, simplest
from ...sentences import say
from ...tensorflow_packages import DISTRIBUTIONS, PACKAGES, RIVALS
from . import owners
from .evidence import CondaPackage, Finding, Observed, Subject
from .models import Problem, Remedy

_TITLES = {**dict.fromkeys((*PACKAGES, *DISTRIBUTIONS), "TensorFlow"), "keras": "Keras"}
#: Where the search for dependencies begins.
_ROOTS = (*PACKAGES, *DISTRIBUTIONS, "keras", "tf-keras")


@dataclass(frozen=True)
class _Node:
    """A package: of conda by its name, or else a project that pip or uv installed."""

    name: str
    is_conda: bool


@dataclass(frozen=True)
class _Need:
    """A dependency: ``by`` needs the package ``name`` in the versions of ``spec`` (empty for any)."""

    by: _Node
    name: str
    spec: str


@dataclass(frozen=True)
class _Met:
    """What is installed for a dependency: ``version`` is None if it is not installed.

    ``conda`` is the conda package, if it is one or was one before pip replaced it (``by_pip``). ``is_gone`` says that
    conda's record is there, but its files are not.
    """

    node: _Node | None
    version: str | None
    conda: str | None = None
    by_pip: bool = False
    is_gone: bool = False


@dataclass
class _Packages:
    """The packages of an environment, looked up as conda's and pip's dependencies name them."""

    subject: Subject
    observed: Observed
    distributions: dict[str, dict[str, Any]] = field(default_factory=dict)
    #: conda packages by the project that they provide.
    providers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        roots = (self.subject.prefix, self.subject.prefix.resolve())
        for entry in self.observed.distributions:
            # Packages from elsewhere are a problem of their own.
            if any(Path(entry["location"]).is_relative_to(root) for root in roots):
                self.distributions.setdefault(entry["name"], entry)
        for name, package in self.observed.conda.items():
            for project in self.projects(name, package):
                self.providers.setdefault(project, name)

    @staticmethod
    def projects(name: str, package: CondaPackage) -> Iterable[str]:
        return projects.listed(package.files) or [projects.named(name)]

    def of_conda(self, name: str) -> _Met:
        """Return what is installed for a conda package."""
        package = self.observed.conda.get(name)
        if package is None:
            return self.of_project(projects.named(name))
        for project in self.projects(name, package):
            entry = self.distributions.get(project)
            if entry is not None and project in self.observed.unowned:
                return _Met(_Node(project, False), entry["version"], name, by_pip=True)
            if entry is None and project in projects.listed(package.files):
                return _Met(None, package.version, name, is_gone=True)
        return _Met(_Node(name, True), package.version, name)

    def of_project(self, project: str) -> _Met:
        """Return what is installed for a project."""
        entry = self.distributions.get(project)
        provider = self.providers.get(project)
        if entry is not None and project in self.observed.unowned:
            return _Met(_Node(project, False), entry["version"], provider, by_pip=provider is not None)
        if provider is not None:
            met = self.of_conda(provider)
            return _Met(met.node, entry["version"], provider) if entry is not None else met
        if entry is None and project == DISTRIBUTIONS[0]:
            # Packages require it by this name, and any of the others has the same module.
            project = next((name for name in DISTRIBUTIONS if name in self.distributions), project)
            entry = self.distributions.get(project)
        return _Met(_Node(project, False), entry["version"]) if entry is not None else _Met(None, None)

    def met(self, need: _Need) -> _Met:
        return self.of_conda(need.name) if need.by.is_conda else self.of_project(normalize(need.name))

    def needs(self, node: _Node) -> Iterator[_Need]:
        """Yield the dependencies of a package."""
        if node.is_conda:
            for text in self.observed.conda[node.name].depends:
                name, _, rest = text.partition(" ")
                # Virtual packages describe the machine. Conditions and extras are for solvers. Python is running.
                if not name.startswith("__") and name != "python" and ";" not in text and "[" not in text:
                    yield _Need(node, name.lower(), rest.strip().split(" ")[0])
            return
        markers = self.observed.stages.get("interpreter", {}).get("markers", {})
        entry = self.distributions.get(node.name)
        for requirement in needs(entry["requires"], markers) if entry else ():
            yield _Need(node, requirement.name, str(requirement.specifier))


def _walk(packages: _Packages) -> Iterator[tuple[_Need, _Met]]:
    """Yield every dependency of TensorFlow and Keras, those of TensorFlow itself first."""
    starts = [packages.of_conda(name) for name in _ROOTS if name in packages.observed.conda]
    starts += [packages.of_project(name) for name in _ROOTS if name in packages.observed.unowned]
    nodes = list(dict.fromkeys(met.node for met in starts if met.node))
    seen = set(nodes)
    # The list grows while it is walked.
    for node in nodes:
        for need in packages.needs(node):
            met = packages.met(need)
            yield need, met
            if met.node is not None and met.node not in seen:
                seen.add(met.node)
                nodes.append(met.node)


def unmet(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """Find dependencies that are missing, or that have a version that the package does not support."""
    if "found" not in observed.stages.get("distributions", {}):
        return
    every = list(_walk(_Packages(subject, observed)))
    for need, met in every:
        # A resolver for an index does not know what the packages need that stay.
        specs = (each.spec for each, _ in every if normalize(each.name) == normalize(need.name) and each.spec)
        problem = _problem(subject, need, met, simplest(",".join(dict.fromkeys(specs))))
        if problem is not None:
            yield Finding(problem, _marks(need.name))


def _problem(subject: Subject, need: _Need, met: _Met, everyone: str) -> Problem | None:
    who = _TITLES.get(need.by.name, need.by.name)
    project = met.node.name if met.node else normalize(need.name)
    name = met.conda or (need.name if need.by.is_conda else project)
    what = f"{name} {need.spec}".strip()
    if met.is_gone:
        message = say(
            "{who} needs {name}, but the files of {name} {version} are missing from this environment.",
            who=who,
            name=name,
            version=met.version,
        )
        return Problem(f"{name}-missing", message, owners.reinstall(subject, met.conda or name))
    if met.version is None:
        message = say("{who} needs {what}, which is not installed.", who=who, what=what)
        return Problem(
            f"{name}-missing",
            message,
            Remedy(say("Install {name}.", name=name), subject.install(_spec(need, name, everyone))),
        )
    if _fits(need, met):
        return None
    whose = say(" (by pip, over conda's)") if met.by_pip else ""
    message = say(
        "{who} needs {what}, but {version} is installed{whose}.", who=who, what=what, version=met.version, whose=whose
    )
    if met.by_pip:
        return Problem(f"{name}-version", message, Remedy(say("Restore conda's {name}.", name=name), subject.repair()))
    spec = _spec(need, name, everyone, is_project=met.conda is None)
    return Problem(
        f"{name}-version",
        message,
        Remedy(say("Install a version of {name} that fits.", name=name), subject.install(spec)),
    )


def _spec(need: _Need, name: str, everyone: str, *, is_project: bool | None = None) -> str:
    """Return the spec that makes a dependency true, from the source that its package comes from.

    ``everyone`` is what all packages need together. A solve of conda's obeys the dependencies of conda's packages
    anyway; the spec would remain as a request.
    """
    if is_project if is_project is not None else not need.by.is_conda:
        return f"{MARK}{name}{everyone}"
    return name if need.by.is_conda else f"{name}{everyone}"


def _meets(version: str, need: _Need) -> bool:
    if not need.by.is_conda:
        from packaging.specifiers import SpecifierSet
        from packaging.version import InvalidVersion

        try:
            return SpecifierSet(need.spec).contains(version, prereleases=True)
        except InvalidVersion:
            return True
    from ...conda.solving.specs import meets

    try:
        return meets(version, f"{need.name} {need.spec}")
    except Exception:  # rattler has several types of errors for what other programs wrote
        return True


def _marks(name: str) -> tuple[str, ...]:
    """Return how errors name a package: by its module, whose name usually is the package's or a part of it."""
    project = normalize(name)
    parts = [part for part in project.split("-") if len(part) > 3 and part not in ("python", "google")]
    return (project, project.replace("-", "_"), *parts)


def two_tensorflows(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """Find a TensorFlow that pip installed over or next to conda's, or two from pip."""
    builds = [found for found in observed.distributions if found["name"] in RIVALS]
    record = observed.conda.get("tensorflow")
    by_pip = [found for found in builds if found["name"] in observed.unowned]
    if record is not None and by_pip:
        which = say(
            "conda's {version} and pip's {name} {version_2}.",
            version=record.version,
            name=by_pip[0]["name"],
            version_2=by_pip[0]["version"],
        )
        remedy = Remedy(say("Remove pip's TensorFlow, and restore conda's."), subject.repair())
    elif record is None and len({found["name"] for found in builds}) > 1:
        names = " and ".join(sorted({f"{found['name']} {found['version']}" for found in builds}))
        which = say("{names}, both installed by pip.", names=names)
        remedy = Remedy(say("Remove one of them, and restore the other."), subject.repair())
    else:
        return
    yield Finding(
        Problem("two-tensorflows", say("Two TensorFlows are mixed: {which}", which=which), remedy), ("tensorflow",)
    )


def needed(subject: Subject, observed: Observed) -> set[str]:
    """Return the names of the packages that TensorFlow and Keras need, and of those that are TensorFlow and Keras."""
    found = set(_ROOTS)
    for _, met in _walk(_Packages(subject, observed)):
        found.update(name for name in (met.conda, met.node.name if met.node else None) if name)
    return found


def told(subject: Subject, observed: Observed) -> set[str]:
    """Return the names of the packages whose files are missing or overwritten, as ``unmet`` reports them."""
    pairs = _walk(_Packages(subject, observed))
    return {met.conda for need, met in pairs if met.conda and (met.is_gone or (met.by_pip and not _fits(need, met)))}


def _fits(need: _Need, met: _Met) -> bool:
    return met.version is not None and (not need.spec or _meets(met.version, need))
