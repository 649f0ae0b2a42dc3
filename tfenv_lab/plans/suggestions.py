"""When a change of an environment has no solution: the nearest one that has, tried on the solver."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Unsatisfiable
from ..tensorflow.catalog.suggestions import SECONDS, TRIALS, correct

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..tensorflow.models import Suggestion
    from .change import State

#: Solves the change for these specs by name (those of the change, and those asked for earlier), with further packages
#: that need not stay as they are.
Solve = Callable[[Mapping[str, str], Mapping[str, str], Collection[str]], Awaitable[Sequence["RepoDataRecord"]]]
#: Makes the sentence, of the versions by name that were solved; None where they are no help.
Said = Callable[[Mapping[str, str]], str | None]


@dataclass(frozen=True)
class _Trial:
    """What to solve instead, as ``Solve`` takes it, and what to say where that works."""

    new: Mapping[str, str]
    requested: Mapping[str, str]
    said: Said
    freed: tuple[str, ...] = ()


async def suggest(new: Mapping[str, str], state: State, names: Sequence[str], solve: Solve) -> str | None:
    """Return what would work instead, in a sentence, or None. ``names`` are all that the channels hold."""
    until = time.monotonic() + SECONDS
    unknown = await asyncio.to_thread(correct, list(new.values()), names)
    for count, trial in enumerate(_trials(new, state, unknown)):
        if count == TRIALS or time.monotonic() > until:
            break
        try:
            after = await solve(trial.new, trial.requested, trial.freed)
        except Unsatisfiable:
            continue
        said = trial.said({record.name.normalized: str(record.version) for record in after})
        if said is not None:
            return said
    return None


def _trials(new: Mapping[str, str], state: State, unknown: Suggestion | None) -> Iterator[_Trial]:
    """Yield what to try, nearest first: other names, other versions, fewer packages, what came earlier set free."""
    if unknown is not None:
        meant = {text.split(" ", 1)[0]: text for text in unknown.change["packages"]}
        yield _Trial(meant, state.requested, lambda after: str(unknown))
        return
    for name, spec in new.items():
        _, *rest = spec.split(" ")
        if rest and rest[0] != "*":
            loose = " ".join([name, "*", *rest[1:]])
            yield _Trial({**new, name: loose}, state.requested, _another(name, spec), (name,))
    if len(new) > 1:
        for name, spec in new.items():
            left = {other: text for other, text in new.items() if other != name}
            yield _Trial(left, state.requested, _without(spec))
    # Python's minor version is kept by the change itself.
    freed = {name: name for name in state.requested}
    yield _Trial(new, freed, lambda after: _moved(state, after))


def _another(name: str, spec: str) -> Said:
    return lambda after: f"“{spec}” does not fit; {name} {after[name]} does."


def _without(spec: str) -> Said:
    return lambda after: f"Without “{spec}” it works."


def _moved(state: State, after: Mapping[str, str]) -> str | None:
    """Return the sentence on what was asked for earlier and must move."""
    moves = []
    for name in state.requested:
        record = state[name]
        if record is not None and name in after and str(record.version) != after[name]:
            moves.append(f"{name} {record.version} → {after[name]}")
    return f"It works if what was asked for earlier may move: {', '.join(moves)}." if moves else None
