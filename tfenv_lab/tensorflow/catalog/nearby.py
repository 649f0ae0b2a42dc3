"""Suggest a nearby request if a requested one has no solution; the solver confirms each suggestion."""

from __future__ import annotations

import asyncio
import difflib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...errors import TfenvError, Unsatisfiable
from ...plan_requests import Source
from ..models import Suggestion
from . import selection
from .cells import is_prerelease, python_key

if TYPE_CHECKING:
    from ...conda.engine import GenericVirtualPackage
    from ...conda.repodata.repodata import Repodata
    from .releases import Listing
    from .selection import Wanted

#: Maximum number of trials, because the user waits for them.
TRIALS = 8
#: Seconds after which no new trial begins.
SECONDS = 6.0
#: Maximum number of unknown packages to name.
_CORRECTED = 5
_NAME = re.compile(r"[\w.-]+")


@dataclass(frozen=True)
class _ReleaseTrial:
    """A request with some of its fields replaced."""

    tensorflow: str | None
    python: str | None
    variant: str
    cuda: str | None
    keras: bool
    packages: Sequence[str]
    source: Source | None


async def suggest(
    wanted: Wanted, listing: Listing, repodata: Repodata, virtual: Sequence[GenericVirtualPackage]
) -> Suggestion | None:
    """Return the nearest suggestion that the solver confirms, or None."""
    from ...conda.solving import specs as conda_specs
    from ...conda.solving.solve import solve

    allowed = [ref.name for ref in repodata.settings.channels]
    until = time.monotonic() + SECONDS
    corrected = await asyncio.to_thread(correct, wanted.packages, await repodata.names())
    for count, suggestion in enumerate(_near(wanted, listing, corrected)):
        if count == TRIALS or time.monotonic() > until:
            break
        trial = _replaced(wanted, suggestion.change)
        try:
            own = [str(conda_specs.parse(text, allowed)) for text in trial.packages]
            asked = conda_specs.by_name([*selection.specs(trial, listing), *own])
            await solve(repodata, asked.values(), virtual_packages=virtual)
        except Unsatisfiable:
            continue
        except TfenvError:
            return None
        return suggestion
    return None


def _replaced(wanted: Wanted, change: dict[str, Any]) -> _ReleaseTrial:
    fields = {name: getattr(wanted, name) for name in _ReleaseTrial.__dataclass_fields__}
    return _ReleaseTrial(**{**fields, **change})


def correct(packages: Sequence[str], names: Sequence[str], limit: int = _CORRECTED) -> Suggestion | None:
    """Return a suggestion that replaces packages that are on no channel by similar names, or leaves them out; or None.

    At most ``limit`` are named. Similar names are looked up only for the first few, because that takes a tenth of a
    second each.
    """
    known = set(names)
    words: list[str] = []
    left = []
    for text in packages:
        found = _NAME.match(text)
        name = found[0].lower() if found else text
        if name in known:
            left.append(text)
            continue
        if len(words) == limit:
            continue
        similar = difflib.get_close_matches(name, names, n=1, cutoff=0.75) if len(words) < _CORRECTED else ()
        meant = next(iter(similar), None)
        if meant is not None:
            left.append(meant)
        hint = f"; did you mean “{meant}”?" if meant else "."
        words.append(f"No channel has “{name}”{hint}")
    return _say(" ".join(words), packages=left) if words else None


def _near(asked: Wanted, listing: Listing, corrected: Suggestion | None) -> Iterator[Suggestion]:
    """Yield suggestions to try, nearest first; if packages were corrected, each includes that correction."""
    if corrected is not None:
        yield corrected
    wanted = asked if corrected is None else _replaced(asked, corrected.change)
    for suggestion in _nearest(wanted, listing):
        if corrected is None:
            yield suggestion
        else:
            change = {**corrected.change, **suggestion.change}
            yield Suggestion(f"{corrected.message} {suggestion.message}", change)


def _nearest(wanted: Wanted, listing: Listing) -> Iterator[Suggestion]:
    """Yield another Python, another release, the CPU build, the best release, and fewer packages."""
    if wanted.tensorflow is not None:
        cells = [cell for cell in listing.cells if listing.installable(cell) and not is_prerelease(cell.version)]
        kind = [c for c in cells if wanted.variant == "auto" or c.cuda == (wanted.variant == "cuda")]
        same = [cell for cell in kind if selection.fits(cell.version, wanted.tensorflow)]
        release = wanted.tensorflow.removesuffix(".*")
        if wanted.python is not None:
            pythons = {cell.python for cell in same} - {wanted.python}
            for python in sorted(pythons, key=lambda text: _distance(text, wanted.python)):
                yield _say(f"Use Python {python} with TensorFlow {release}.", python=python)
        with_python = [cell for cell in kind if wanted.python in (None, cell.python) and cell not in same]
        for version in list(dict.fromkeys(cell.version for cell in with_python))[:3]:
            python = f" with Python {wanted.python}" if wanted.python else ""
            yield _say(f"Use TensorFlow {version}{python}.", tensorflow=version)
        if wanted.variant == "cuda" and any(selection.fits(cell.version, wanted.tensorflow) for cell in cells):
            yield _say(f"Use the CPU build of TensorFlow {release}.", variant="cpu")
        best = next(iter(kind or cells), None)
        if best is not None:
            yield _say(
                f"Use TensorFlow {best.version} with Python {best.python}.",
                tensorflow=best.version,
                python=best.python,
                variant="cuda" if best.cuda else "cpu",
            )
    for package in wanted.packages:
        left = [text for text in wanted.packages if text != package]
        yield _say(f"Leave out “{package}”.", packages=left)


def _say(message: str, **change: Any) -> Suggestion:
    return Suggestion(message, change)


def _distance(python: str, wanted: str | None) -> tuple[int, ...]:
    """Return a key that sorts Python versions by their distance from the wanted one; at equal distance, newer first."""
    here, there = python_key(python), python_key(wanted or python)
    gap = abs(here[0] - there[0]) * 100 + abs(here[1] - there[1])
    return (gap, -here[0], -here[1])
