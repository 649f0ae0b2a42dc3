"""Changing what is installed: which specs hold, which packages may move, what is remembered.

The rules are conda's: what was asked for by name is remembered and holds in every later change, what is installed
stays unless it must move, and Python keeps its minor version.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import variants
from ..errors import NotFound
from .requests import ALL

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord


@dataclass(frozen=True)
class State:
    """An environment as it is: its records, the specs that were asked for, by package name, and its pins."""

    records: Sequence[RepoDataRecord]
    requested: Mapping[str, str]
    pins: Sequence[str] = ()

    def __getitem__(self, name: str) -> RepoDataRecord | None:
        """Return the installed record of a package, or None."""
        return next((record for record in self.records if record.name.normalized == name), None)

    @property
    def names(self) -> set[str]:
        """The names of the installed packages."""
        return {record.name.normalized for record in self.records}

    def require(self, names: Iterable[str]) -> None:
        """Raise NotFound for the first name that is not installed."""
        missing = sorted(set(names) - self.names)
        if missing:
            raise NotFound(f"“{missing[0]}” is not installed in this environment.")


def _dependency(text: str) -> str:
    """Return the package name of a dependency's text."""
    return text.split(" ", 1)[0].split("[", 1)[0].split("=", 1)[0].lower()


def leaves(state: State) -> dict[str, str]:
    """Return, as bare specs by name, what nobody depends on and nobody asked for: a solve must not drop it."""
    needed = {_dependency(text) for record in state.records for text in record.depends}
    return {name: name for name in state.names if name not in needed and name not in state.requested}


def python_pin(state: State) -> list[str]:
    """Return the constraint that keeps Python's minor version; none where there is no Python."""
    python = state["python"]
    return [_at_minor("python", python)] if python else []


def tensorflow_pin(state: State, packages: tuple[str, ...] | str) -> list[str]:
    """Return the constraints that keep TensorFlow's minor version in an update of other packages than it."""
    if packages == ALL or variants.LEADS.intersection(packages):
        return []
    return [_at_minor(name, found) for name in sorted(variants.LEADS) if (found := state[name])]


def _at_minor(name: str, record: RepoDataRecord) -> str:
    return f"{name} {'.'.join(str(record.version).split('.')[:2])}.*"


def loosened(state: State, packages: tuple[str, ...] | str) -> tuple[dict[str, str], set[str]]:
    """Return an update's specs by name, and the names of all packages that are free to move.

    To update TensorFlow is to update its family: Keras moves along, in either direction, within the versions that
    were asked for. ``"all"`` frees everything but Python's minor version. Raises NotFound for a package that is not
    installed.
    """
    if packages == ALL:
        freed = state.names
        named = {name for name in freed if name in state.requested and name != "python"}
    else:
        state.require(packages)
        freed = set(packages) | (variants.FAMILY if variants.LEADS.intersection(packages) else set())
        named = set(packages) | {name for name in freed & set(state.requested) if not _is_held(state, name)}
    specs = {name: variants.loosened(name, str(found.build)) for name in named if (found := state[name])}
    return specs, freed


def _is_held(state: State, name: str) -> bool:
    """Tell whether a version of Keras was asked for that is not just TensorFlow's own, as before Keras 3."""
    keras, tensorflow = state[name], state["tensorflow"] or state["tensorflow-base"]
    if name != "keras" or keras is None or tensorflow is None or " " not in state.requested[name]:
        return False
    return _at_minor(name, keras) != _at_minor(name, tensorflow)


def reached(state: State, specs: Mapping[str, str], after: Sequence[RepoDataRecord]) -> Iterator[str]:
    """Yield an update's specs with the minor version that each came to, and of a mere rebuild with the build.

    So they can be given to ``conda install``, which may leave alone what satisfies a spec already.
    """
    now = {record.name.normalized: record for record in after}
    for name, spec in specs.items():
        was, will = state[name], now[name]
        if was is not None and was.version != will.version:
            minor = ".".join(str(will.version).split(".")[:2])
            yield " ".join([name, f"{minor}.*", *spec.split(" ")[2:]])
        elif was is not None and was.build != will.build:
            yield f"{name} {will.version} {will.build}"
        else:
            yield spec


def same_variant(state: State, specs: Mapping[str, str]) -> dict[str, str]:
    """Return an install's specs by name, with TensorFlow kept on its kind of hardware where no build was named."""
    kept = dict(specs)
    for name, spec in specs.items():
        installed = state[name]
        parts = spec.split(" ")
        loose = variants.loosened(name, str(installed.build)).split(" ") if installed else [name]
        if len(loose) == 3 and len(parts) < 3:
            kept[name] = " ".join([name, parts[1] if len(parts) == 2 else "*", loose[2]])
    return kept


def narrower(old: str | None, new: str) -> str:
    """Return what to remember of an install: a bare name does not widen what was asked for before."""
    return old if old is not None and " " not in new else new


def remembered(state: State, specs: Mapping[str, str], after: Sequence[RepoDataRecord]) -> dict[str, str]:
    """Return the specs to remember after an update: as they were where they still hold, else at the new minor."""
    from ..conda.solving import specs as spec_texts

    now = {record.name.normalized: record for record in after}
    kept = {}
    for name, spec in state.requested.items():
        record = now.get(name)
        if record is None:
            continue
        kept[name] = spec
        if name in specs and not spec_texts.satisfied(spec, record):
            kept[name] = spec_texts.at_minor(spec, str(record.version))
    return kept


def without(state: State, names: Collection[str]) -> list[RepoDataRecord]:
    """Return the records left when packages are removed, with what needs them and what only they needed.

    Raises NotFound for a package that is not installed.
    """
    state.require(names)
    depends = {r.name.normalized: {_dependency(text) for text in r.depends} for r in state.records}
    gone = set(names)
    while more := {name for name, needs in depends.items() if name not in gone and needs & gone}:
        gone |= more
    # What the removed ones needed goes too, unless it was asked for or somebody still needs it.
    below: set[str] = set()
    reach = set(gone)
    while reach:
        reach = {need for name in reach for need in depends.get(name, ())} & state.names - gone - below
        below |= reach
    below -= set(state.requested)
    while True:
        kept_needs = {need for name, needs in depends.items() if name not in gone for need in needs}
        orphans = {name for name in below - gone if name not in kept_needs}
        if not orphans:
            break
        gone |= orphans
    return [record for record in state.records if record.name.normalized not in gone]


def virtual(state: State, overrides: Mapping[str, str]) -> tuple[str | None, list[GenericVirtualPackage]]:
    """Return the CUDA version to pretend, and the virtual packages for changing an environment.

    ``overrides`` holds the ``CONDA_OVERRIDE_*`` that count. An environment made for CUDA on a machine without a
    driver (a login node) keeps its variant.
    """
    from ..conda.machine import virtual_packages

    detected = virtual_packages.detect(overrides)
    if virtual_packages.version_of(detected, "__cuda") is None:
        builds = (variants.cuda_of(r.name.normalized, str(r.build)) for r in state.records)
        cuda = next((version for version in builds if version), None)
        if cuda is not None:
            return cuda, virtual_packages.detect(overrides, cuda)
    return None, detected
