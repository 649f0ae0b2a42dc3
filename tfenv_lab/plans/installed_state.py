"""Decide which specs apply to a change, which packages may move, and which requested specs are remembered.

The rules are conda's: requested specs are remembered and apply to every later change, installed packages stay unless
they must move, and Python keeps its minor version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from .. import variants
from ..conda.prefix.records import by_name, dependency, names_of
from ..errors import NotFound
from ..plan_requests import ALL
from ..sentences import say
from ..tensorflow_packages import FAMILY, LEADS
from ..versions import minor_of

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord


@dataclass(frozen=True)
class State:
    """The contents of an environment: its records, its requested specs by package name, and its pins.

    ``requested`` holds the specs as they were recorded, by any program; ``holding`` holds what a solve can use.
    ``spare`` are records that go unless another package needs them.
    """

    records: Sequence[RepoDataRecord]
    requested: Mapping[str, str]
    pins: Sequence[str] = ()
    spare: Sequence[RepoDataRecord] = ()

    def __getitem__(self, name: str) -> RepoDataRecord | None:
        """Return the installed record of a package, or None if it is not installed."""
        return next((record for record in self.records if record.name.normalized == name), None)

    @property
    def names(self) -> set[str]:
        """Names of the installed packages."""
        return names_of(self.records)

    @cached_property
    def demands(self) -> dict[str, str | None]:
        """What the requested specs of the installed packages demand, by package name; None for an unreadable spec."""
        from ..conda.solving import specs

        names = self.names
        return {name: specs.remembered(name, text) for name, text in self.requested.items() if name in names}

    @cached_property
    def holding(self) -> dict[str, str]:
        """The requested specs that hold in every change, by package name.

        A spec that cannot be read, or that the installed package does not meet, only keeps the package installed.
        """
        from ..conda.solving import specs

        now = by_name(self.records)
        return {
            name: spec if spec is not None and specs.satisfied(spec, now[name]) else name
            for name, spec in self.demands.items()
        }

    def unreadable(self, asked: Mapping[str, str]) -> dict[str, str]:
        """Return the specs in ``asked`` that were already requested and that cannot be read, by package name."""
        return {name: text for name, text in self._still(asked) if self.demands[name] is None}

    def outdated(self, asked: Mapping[str, str], after: Iterable[RepoDataRecord]) -> dict[str, str]:
        """Return the specs in ``asked`` that were already requested and that ``after`` does not meet, by name."""
        from ..conda.solving import specs

        then = by_name(after)
        found = ((name, text, self.demands[name]) for name, text in self._still(asked) if name in then)
        return {name: text for name, text, spec in found if spec and not specs.satisfied(spec, then[name])}

    def forgotten(self, asked: Mapping[str, str]) -> list[str]:
        """Return the requested specs that do not hold and that ``asked`` replaces."""
        loose = [name for name, spec in self.demands.items() if spec != self.holding[name]]
        return [self.requested[name] for name in loose if asked.get(name, "") != self.requested[name]]

    def _still(self, asked: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        for name in self.demands:
            if asked.get(name) == self.requested[name]:
                yield name, self.requested[name]

    def require(self, names: Iterable[str]) -> None:
        """Raise NotFound for the first name that is not installed."""
        missing = sorted(set(names) - self.names)
        if missing:
            raise NotFound(say("“{missing}” is not installed in this environment.", missing=missing[0]))


def leaves(state: State) -> dict[str, str]:
    """Return bare specs, by name, of packages that are neither requested nor a dependency; a solve must keep them."""
    needed = {dependency(text) for record in state.records for text in record.depends}
    return {name: name for name in state.names if name not in needed and name not in state.requested}


def python_pin(state: State) -> list[str]:
    """Return the constraint that keeps Python's minor version; empty if Python is not installed."""
    python = state["python"]
    return [_at_minor("python", python)] if python else []


def tensorflow_pin(state: State, packages: tuple[str, ...] | str) -> list[str]:
    """Return the constraints that keep TensorFlow's minor version; empty if the update names TensorFlow itself."""
    if packages == ALL or LEADS.intersection(packages):
        return []
    return [_at_minor(name, found) for name in sorted(LEADS) if (found := state[name])]


def _at_minor(name: str, record: RepoDataRecord) -> str:
    return f"{name} {minor_of(record.version)}.*"


def loosened(state: State, packages: tuple[str, ...] | str) -> tuple[dict[str, str], set[str]]:
    """Return an update's specs by name, and the names of all packages that are free to move.

    Updating TensorFlow updates its family: Keras moves with it, up or down, within the requested versions. ``"all"``
    frees every package, but Python keeps its minor version. Raises NotFound for a package that is not installed.
    """
    if packages == ALL:
        freed = state.names
        named = {name for name in freed if name in state.requested and name != "python"}
    else:
        state.require(packages)
        freed = set(packages) | (FAMILY if LEADS.intersection(packages) else set())
        named = set(packages) | {name for name in freed & set(state.requested) if not _is_held(state, name)}
    specs = {name: variants.loosened(name, str(found.build)) for name in named if (found := state[name])}
    return specs, freed


def _is_held(state: State, name: str) -> bool:
    """Return whether the user requested a version of Keras other than TensorFlow's own (the same before Keras 3)."""
    keras, tensorflow = state[name], state["tensorflow"] or state["tensorflow-base"]
    if name != "keras" or keras is None or tensorflow is None or " " not in state.holding[name]:
        return False
    return _at_minor(name, keras) != _at_minor(name, tensorflow)


def reached(state: State, specs: Mapping[str, str], after: Sequence[RepoDataRecord]) -> Iterator[str]:
    """Yield an update's specs with the minor version that each package reached; for a mere rebuild, with the build.

    ``conda install`` needs these, because it may leave a package alone if it already satisfies its spec.
    """
    now = by_name(after)
    for name, spec in specs.items():
        was, will = state[name], now[name]
        if was is not None and was.version != will.version:
            yield " ".join([_at_minor(name, will), *spec.split(" ")[2:]])
        elif was is not None and was.build != will.build:
            yield f"{name} {will.version} {will.build}"
        else:
            yield spec


def same_variant(state: State, specs: Mapping[str, str]) -> dict[str, str]:
    """Return an install's specs by name; a TensorFlow spec without a build keeps the installed variant."""
    kept = dict(specs)
    for name, spec in specs.items():
        installed = state[name]
        parts = spec.split(" ")
        loose = variants.loosened(name, str(installed.build)).split(" ") if installed else [name]
        if len(loose) == 3 and len(parts) < 3:
            kept[name] = " ".join([name, parts[1] if len(parts) == 2 else "*", loose[2]])
    return kept


def narrower(state: State, name: str, new: str) -> str:
    """Return the spec to remember after an install: a bare name does not replace an earlier, narrower spec.

    It does replace one that does not hold, so this is how users let go of such a spec.
    """
    return state.requested[name] if " " not in new and " " in state.holding.get(name, name) else new


def remembered(state: State, specs: Mapping[str, str], after: Sequence[RepoDataRecord]) -> dict[str, str]:
    """Return the specs to remember after an update: unchanged if still satisfied, else with the new minor version."""
    from ..conda.solving import specs as spec_texts

    now = by_name(after)
    kept = {}
    for name, spec in state.requested.items():
        record = now.get(name)
        if record is None:
            continue
        kept[name] = spec
        demand = state.demands.get(name)
        if name in specs and demand is not None and not spec_texts.satisfied(demand, record):
            kept[name] = spec_texts.at_minor(demand, str(record.version))
    return kept


def without(state: State, names: Collection[str], needed: Collection[str] = ()) -> list[RepoDataRecord]:
    """Return the records that remain after removing packages, their dependents, and dependencies that only they need.

    The packages in ``needed`` stay although no conda package needs them. Raises NotFound for a package that is not
    installed.
    """
    state.require(names)
    depends = {r.name.normalized: {dependency(text) for text in r.depends} for r in state.records}
    gone = set(names)
    while more := {name for name, needs in depends.items() if name not in gone and needs & gone}:
        gone |= more
    # Dependencies of the removed packages go too, unless they are requested or another package still needs them.
    below: set[str] = set()
    reach = set(gone)
    while reach:
        reach = {need for name in reach for need in depends.get(name, ())} & state.names - gone - below
        below |= reach
    below -= {*state.requested, *needed}
    while True:
        kept_needs = {need for name, needs in depends.items() if name not in gone for need in needs}
        orphans = {name for name in below - gone if name not in kept_needs}
        if not orphans:
            break
        gone |= orphans
    return [record for record in state.records if record.name.normalized not in gone]


def virtual(state: State, overrides: Mapping[str, str]) -> tuple[str | None, list[GenericVirtualPackage]]:
    """Return the CUDA version to assume (None to use what is detected), and the virtual packages for a change.

    ``overrides`` holds the ``CONDA_OVERRIDE_*`` variables in force. A CUDA environment keeps its variant on a machine
    without a driver, such as a login node.
    """
    from ..conda.machine import virtual_packages

    detected = virtual_packages.detect(overrides)
    if virtual_packages.version_of(detected, "__cuda") is None:
        builds = (variants.cuda_of(r.name.normalized, str(r.build)) for r in state.records)
        cuda = next((version for version in builds if version), None)
        if cuda is not None:
            return cuda, virtual_packages.detect(overrides, cuda)
    return None, detected
