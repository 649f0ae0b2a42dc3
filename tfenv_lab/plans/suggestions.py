"""Suggest a nearby change if a requested one has no solution; the solver confirms each suggestion."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import SolverTimeout, Unsatisfiable
from ..sentences import say
from ..tensorflow.catalog.nearby import SECONDS, TRIALS, correct

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..tensorflow.models import Suggestion
    from .installed_state import State

#: Solves a change. Takes its specs and the earlier requested specs, both by name, and the names of additional packages
#: that are free to move.
Solve = Callable[[Mapping[str, str], Mapping[str, str], Collection[str]], Awaitable[Sequence["RepoDataRecord"]]]
#: Returns the sentence for a solution, given its versions by name, or None if the solution does not help.
Said = Callable[[Mapping[str, str]], str | None]


@dataclass(frozen=True)
class _ChangeTrial:
    """The arguments of ``Solve`` to try instead, and the sentence to say if they have a solution."""

    new: Mapping[str, str]
    requested: Mapping[str, str]
    said: Said
    freed: tuple[str, ...] = ()


async def suggest(new: Mapping[str, str], state: State, names: Sequence[str], solve: Solve) -> str | None:
    """Return a sentence about a change that works, or None. ``names`` are those of all packages on the channels."""
    until = time.monotonic() + SECONDS
    unknown = await asyncio.to_thread(correct, list(new.values()), names)
    for count, trial in enumerate(_trials(new, state, unknown)):
        if count == TRIALS or time.monotonic() > until:
            break
        try:
            after = await solve(trial.new, trial.requested, trial.freed)
        except (Unsatisfiable, SolverTimeout):
            continue
        said = trial.said({record.name.normalized: str(record.version) for record in after})
        if said is not None:
            return said
    return None


def _trials(new: Mapping[str, str], state: State, unknown: Suggestion | None) -> Iterator[_ChangeTrial]:
    """Yield the trials, nearest first: other names, other versions, fewer packages, earlier specs without versions."""
    if unknown is not None:
        meant = {text.split(" ", 1)[0]: text for text in unknown.change["packages"]}
        yield _ChangeTrial(meant, state.holding, lambda after: str(unknown))
        return
    for name, spec in new.items():
        _, *rest = spec.split(" ")
        if rest and rest[0] != "*":
            loose = " ".join([name, "*", *rest[1:]])
            yield _ChangeTrial({**new, name: loose}, state.holding, _another(state, name, spec), (name,))
    if len(new) > 1:
        for name, spec in new.items():
            left = {other: text for other, text in new.items() if other != name}
            yield _ChangeTrial(left, state.holding, _without(spec))
    # ``solve`` keeps Python's minor version, even if the requested spec for Python has no version.
    freed = {name: name for name in state.holding}
    yield _ChangeTrial(new, freed, lambda after: _moved(new, state, after))


def _another(state: State, name: str, spec: str) -> Said:
    """Return a sentence about another version, or None if it is the installed one, which needs no request."""
    now = state[name]
    return lambda after: (
        None
        if now and after[name] == str(now.version)
        else say("Use {name} {after} instead of “{spec}”.", name=name, after=after[name], spec=spec)
    )


def _without(spec: str) -> Said:
    return lambda after: say("Leave out “{spec}”.", spec=spec)


def _moved(new: Mapping[str, str], state: State, after: Mapping[str, str]) -> str | None:
    """Return the sentence about earlier requested packages that must move, or None if none must."""
    moves = []
    for name in state.requested.keys() - new.keys():
        record = state[name]
        if record is not None and name in after and str(record.version) != after[name]:
            moves.append(f"{name} {record.version} → {after[name]}")
    return (
        say("Also request the packages that must move with it: {moves}.", moves=", ".join(sorted(moves)))
        if moves
        else None
    )
