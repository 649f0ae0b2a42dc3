"""What an environment has from a package index, and what a change does to it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from importlib.metadata import PathDistribution

from packaging.requirements import Requirement

from ..conda.prefix.pypi import PypiPackage
from ..pypi import requirements
from ..pypi.models import Distribution
from ..tensorflow_packages import DISTRIBUTIONS, FAMILY, LEADS

#: A project, or, with the name of an extra, the project with that extra.
Part = tuple[str, str]
Needs = Callable[[Part], Collection[Part]]


@dataclass(frozen=True)
class IndexState:
    """The packages of an environment that are from an index.

    ``requirements`` are what the user requested, by project, and ``distributions`` what a change of ours installed.
    ``others`` were installed by pip or uv in a terminal; they stay as they are unless a request names them. ``former``
    are the requirements for those of them that once were ours, and that still meet these.
    """

    requirements: Mapping[str, str] = field(default_factory=dict)
    distributions: Sequence[Distribution] = ()
    others: Sequence[PypiPackage] = ()
    dist_infos: Mapping[str, PypiPackage] = field(default_factory=dict)
    former: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def versions(self) -> dict[str, str]:
        """The versions of all these packages by project."""
        found = {package.name: package.version for package in self.others}
        return {**found, **{each.name: each.version for each in self.distributions}}

    def with_others(self, gone: Collection[str]) -> list[Distribution]:
        """Return our distributions, and those of pip and uv that a change removes or replaces, without a URL."""
        others = [Distribution(each.name, each.version, "") for each in self.others if each.name in gone]
        return [*self.distributions, *others]

    @property
    def names(self) -> set[str]:
        """The projects of all these packages."""
        return set(self.versions)

    @cached_property
    def tensorflow(self) -> str | None:
        """The project that TensorFlow is installed from, or None."""
        return next((name for name in DISTRIBUTIONS if name in self.versions), None)

    def project(self, name: str) -> str:
        """Return the project that a request means: ``tensorflow`` is whichever project has it here."""
        project = requirements.normalize(name)
        return self.tensorflow if project in LEADS and self.tensorflow is not None else project

    def requires(self, name: str) -> Sequence[str]:
        """Return the dependencies (``Requires-Dist``) of an installed project."""
        package = self.dist_infos.get(name)
        return PathDistribution(package.dist_info).requires or () if package else ()


def is_family(name: str) -> bool:
    """Return whether a project moves with TensorFlow."""
    return name in FAMILY or name in DISTRIBUTIONS or name == "tensorboard"


def loosened(state: IndexState, named: Collection[str]) -> dict[str, str]:
    """Return the requirements of an update by project: those that it names admit every version.

    With TensorFlow, its family moves too, but a requested version of Keras stays.
    """
    moves = set(named)
    if moves.intersection(DISTRIBUTIONS):
        moves |= {name for name in state.requirements if is_family(name) and name != "keras"}
    found = dict(state.requirements)
    for name in moves:
        old = found.get(name)
        if old is not None:
            found[name] = old if Requirement(old).url else requirements.without_version(old)
        elif name in {package.name for package in state.others}:
            # It becomes a package of ours, because only those can be moved.
            found[name] = requirements.without_version(state.former.get(name, name))
    return found


def freed(state: IndexState, named: Collection[str]) -> set[str]:
    """Return the projects that an update may move."""
    found = set(named)
    if found.intersection(DISTRIBUTIONS):
        found |= {name for name in state.names if is_family(name)}
    return found


def remembered(before: Mapping[str, str], new: Mapping[str, str], after: Iterable[Distribution]) -> dict[str, str]:
    """Return the requirements to remember after an update: unchanged if still met, else with the new minor version."""
    versions = {each.name: each.version for each in after}
    kept = {}
    for name, text in new.items():
        old = before.get(name, text)
        version = versions.get(name)
        is_met = version is None or Requirement(old).url or requirements.satisfied(old, version)
        kept[name] = old if is_met else requirements.at_minor(old, version or "")
    return kept


def without(state: IndexState, gone: Collection[str], python: str) -> list[Distribution]:
    """Return the distributions that remain after ``gone`` projects, their dependents, and what only they needed.

    What pip or uv installed in a terminal stays, and so does what it needs.
    """
    needs = needs_of(state, python)
    lost = {(name, "") for name in gone}
    used = reached(parts(state, state.names), needs)
    while more := {part for part in used - lost if (part[0], "") in lost or not lost.isdisjoint(needs(part))} | {
        # What was requested with an extra goes if the extra cannot stay.
        (part[0], "")
        for part in lost
        if part in parts(state, part[:1]) and (part[0], "") not in lost
    }:
        lost |= more
    left = {each.name for each in state.distributions if (each.name, "") not in lost}
    below = {name for name, _ in reached(lost, needs)}
    others = {package.name for package in state.others}.difference(gone)
    roots = (left - below) | (left & set(state.requirements)) | others
    kept = {name for name, _ in reached(parts(state, roots), needs)} & left
    return [each for each in state.distributions if each.name in kept]


def extras(state: IndexState, name: str) -> Collection[str]:
    """Return the extras of a project that the user requested."""
    text = state.requirements.get(name)
    return Requirement(text).extras if text else ()


def parts(state: IndexState, names: Iterable[str]) -> set[Part]:
    """Return projects as parts, with the extras of them that the user requested."""
    return {(name, extra) for name in names for extra in ("", *map(requirements.normalize, extras(state, name)))}


def needs_of(state: IndexState, python: str) -> Needs:
    """Return the function that returns the dependencies of a part, with the extras that they name."""
    environment = requirements.markers(python)

    @cache
    def needs(part: Part) -> frozenset[Part]:
        name, extra = part
        found = requirements.needs(state.requires(name), environment, [extra] if extra else [])
        return frozenset(
            (requirements.normalize(need.name), each)
            for need in found
            for each in ("", *map(requirements.normalize, need.extras))
        )

    return needs


def reached(roots: Collection[Part], needs: Needs) -> set[Part]:
    """Return the roots and everything below them."""
    found: set[Part] = set()
    new = set(roots)
    while new:
        found |= new
        new = {need for part in new for need in needs(part)} - found
    return found
