"""Find out whether our kernelspecs still fit their environments: the packages, and the variables of activation."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from ..conda.prefix.activation import inherited_digest, sources
from ..conda.prefix.state import fingerprint
from ..disk.reads import BoundedReads
from . import kernelspecs
from .kernelspecs import Kernelspec


def state_of(prefix: Path) -> str:
    """Return a digest that changes with an environment's packages and with the files that its activation uses."""
    return hashlib.sha256(f"{fingerprint(prefix)} {sources(prefix)}".encode()).hexdigest()[:32]


def activation_of(prefix: Path) -> str | None:
    """Return a digest that changes with the files that activation uses, or None if there is no environment."""
    if not (prefix / "conda-meta").is_dir():
        return None
    return hashlib.sha256(sources(prefix).encode()).hexdigest()[:32]


def is_current(spec: Kernelspec, state: str, display_name: str) -> bool:
    """Return whether one of our kernelspecs was written for the ``state_of`` its prefix and for this display name."""
    mark = spec.mark or {}
    wanted = (kernelspecs.FORMAT, state, display_name)
    if (mark.get("format"), mark.get("fingerprint"), mark.get("display_name")) != wanted:
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
