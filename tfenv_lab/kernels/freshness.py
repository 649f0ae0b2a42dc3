"""Find out whether our kernelspecs still fit their environments: the packages, and the variables of activation."""

# Paths are strings because a thousand environments are looked at in a moment.
# ruff: noqa: PTH112, PTH115, PTH116, PTH120
from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..conda.prefix.activation import inherited_digest, sources
from ..conda.prefix.pypi import site_packages
from ..conda.prefix.records import names_in
from ..disk.reads import BoundedReads
from . import kernelspecs
from .kernelspecs import Kernelspec


class Look(NamedTuple):
    """What the files of a prefix say: whether it has its own kernelspecs, and its state."""

    has_kernels: bool
    state: str = ""


def look(prefix: Path) -> Look | None:
    """Return what the files of a prefix say, or None if its drive is not there.

    The state is made from names and modification times, so that a thousand environments take a moment.
    """
    path = str(prefix)
    meta = f"{path}{os.sep}conda-meta"
    try:
        names = sorted(names_in(meta))
    except OSError:
        if not os.path.isdir(meta):
            return Look(False) if os.path.isdir(os.path.dirname(path)) else None
        names = ["no conda-meta"]
    # The state comes first, so that a change during the rest of the read is noticed next time.
    times = map(_time, (meta, f"{meta}{os.sep}history", _packages(path)))
    kernels, has_kernels = _kernels(f"{path}{os.sep}{kernelspecs.INSIDE}")
    text = "\n".join([*names, *times, *kernels, sources(prefix)])
    return Look(has_kernels, hashlib.sha256(os.fsencode(text)).hexdigest()[:32])


def state_of(prefix: Path) -> str:
    """Return a digest that changes with an environment's packages, its kernelspecs and the files of its activation."""
    found = look(prefix)
    return found.state if found else ""


def _kernels(folder: str) -> tuple[list[str], bool]:
    """Return marks of an environment's own kernelspecs, and whether there are any that count."""
    try:
        names = sorted(names_in(folder))
    except OSError:
        return [], False
    marks, has_kernels = [], False
    for name in names:
        status = _status(f"{folder}{os.sep}{name}{os.sep}kernel.json")
        marks.append(f"{name} {_mark(status)}")
        if status is not None and stat.S_ISREG(status.st_mode) and kernelspecs.counts(name):
            has_kernels = True
    return marks, has_kernels


def _packages(prefix: str) -> str:
    """Return the directory of the Python packages, named by conda's link to the interpreter if there is one."""
    try:
        name = os.readlink(f"{prefix}{os.sep}bin{os.sep}python")
    except OSError:
        name = ""
    if name.startswith("python3."):
        return f"{prefix}{os.sep}lib{os.sep}{name}{os.sep}site-packages"
    return str(site_packages(Path(prefix)) or "")


def _time(path: str) -> str:
    return _mark(_status(path))


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _mark(status: os.stat_result | None) -> str:
    return f"{status.st_mtime_ns} {status.st_size} {status.st_ino}" if status is not None else "none"


def activation_of(prefix: Path) -> str | None:
    """Return a digest that changes with the files that activation uses, or None if there is no environment."""
    if not os.path.isdir(f"{prefix}{os.sep}conda-meta"):
        return None
    return hashlib.sha256(sources(prefix).encode()).hexdigest()[:32]


def is_current(spec: Kernelspec, state: str, display_name: str, excluded: Sequence[str] = ()) -> bool:
    """Return whether one of our kernelspecs was written for the ``state_of`` its prefix and for this configuration."""
    mark = spec.mark or {}
    wanted = (kernelspecs.FORMAT, state, display_name, list(excluded))
    if (mark.get("format"), mark.get("fingerprint"), mark.get("display_name"), mark.get("excluded")) != wanted:
        return False
    # An activation script may make something else of this server's variables than of those of an earlier one.
    return bool(mark.get("inherited") == _inherited(spec))


class OutdatedKernels:
    """The kernels whose variables changed since they were registered."""

    def __init__(self) -> None:
        #: The state for which each prefix was last named.
        self._named: dict[str, tuple[str, ...]] = {}
        self._activations: BoundedReads[Path, str | None] = BoundedReads(activation_of)

    def among(self, specs: Iterable[Kernelspec]) -> list[Path]:
        """Return the prefixes of those of our kernelspecs that need other variables now.

        The files that activation uses may have changed since, or the variables that it inherits. Names a prefix once
        for each state, so that two servers with different variables do not replace each other's kernelspecs all the
        time. Reads the disk.
        """
        marks = [(spec, spec.mark or {}) for spec in specs]
        states = self._activations.run(Path(mark["prefix"]) for _, mark in marks)
        result: dict[str, tuple[str, ...]] = {}
        for spec, mark in marks:
            state = states[Path(mark["prefix"])]
            if mark.get("format") != kernelspecs.FORMAT or not isinstance(state, str):
                continue
            inherited = _inherited(spec)
            if (state, inherited) != (mark.get("activation"), mark.get("inherited")):
                result[mark["prefix"]] = (*result.get(mark["prefix"], ()), state, inherited)
        found = [Path(prefix) for prefix, state in result.items() if self._named.get(prefix) != state]
        self._named.update(result)
        return found


def _inherited(spec: Kernelspec) -> str:
    """Return what ``inherited`` would be in the mark of one of our kernelspecs, if this server had written it."""
    env, names = spec.spec.get("env"), (spec.mark or {}).get("inherits")
    known = map(str, names) if isinstance(names, list) else ()
    return inherited_digest(known, kernelspecs.texts(env))
