"""Suggest a nearby request if a requested one has no solution; the channels' solver confirms each suggestion."""

from __future__ import annotations

import asyncio
import difflib
import re
import time
from collections.abc import Awaitable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...conda.solving.specs import version_key
from ...errors import TfenvError, Unsatisfiable
from ...plan_requests import Source
from ...pypi.models import MARK
from ...sentences import joined, say
from ..models import Suggestion
from . import selection
from .cells import Cell, is_prerelease, python_key
from .choosing import choose
from .index_releases import IndexCell, IndexListing

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
    keras: bool | str
    packages: Sequence[str]
    source: Source | None


async def suggest(
    wanted: Wanted,
    listing: Listing,
    on_index: IndexListing,
    repodata: Repodata,
    virtual: Sequence[GenericVirtualPackage],
) -> Suggestion | None:
    """Return the nearest suggestion that the channels' solver confirms, or None.

    What comes from a package index is not resolved: its TensorFlow counts as installable if its wheels fit.
    """
    from ...conda.solving import specs as conda_specs
    from ...conda.solving.solve import solve

    allowed = [ref.name for ref in repodata.settings.channels]
    until = time.monotonic() + SECONDS
    names = await repodata.names()
    known = set(names)

    async def has_solution(trial: Wanted) -> bool:
        texts = [text for text in trial.packages if not _is_for_index(text)]
        # An index may have what no channel has.
        texts = [text for text in texts if not on_index.is_read or _name(text) in known]
        own = [str(conda_specs.parse(text, allowed)) for text in texts]
        asked = conda_specs.by_name([*choose(trial, listing, on_index, names).specs, *own])
        try:
            await solve(repodata, asked.values(), virtual_packages=virtual)
        except Unsatisfiable:
            return False
        return True

    corrected = await asyncio.to_thread(correct, wanted.packages, names)
    if corrected is not None and on_index.is_read and not await _holds(has_solution(wanted)):
        # The channels' part has no solution even without the unknown packages, so they are not the reason.
        corrected = None
    for count, suggestion in enumerate(_near(wanted, _installable(wanted, listing, on_index), corrected)):
        if count == TRIALS or time.monotonic() > until:
            break
        found = await _holds(has_solution(_replaced(wanted, suggestion.change)))
        if found is None:
            return None
        if found:
            return suggestion
    return None


async def _holds(trial: Awaitable[bool]) -> bool | None:
    """Return what a trial found, or None if it could not be tried."""
    try:
        return await trial
    except TfenvError:
        return None


def _name(text: str) -> str:
    """Return the name in a requested package, or the whole text if it begins with none."""
    found = _NAME.match(text)
    return found[0].lower() if found else text


def _is_for_index(text: str) -> bool:
    return text.strip()[: len(MARK)].lower() == MARK


def _installable(wanted: Wanted, listing: Listing, on_index: IndexListing) -> list[Cell | IndexCell]:
    """Return the cells that this machine can install from the wanted source, newest release first; no prereleases."""
    found: list[Cell | IndexCell] = []
    if wanted.source != "pypi":
        found += [cell for cell in listing.cells if listing.installable(cell)]
    if wanted.source != "conda":
        found += [cell for cell in on_index.cells if on_index.installable(cell)]
    stable = [cell for cell in found if not is_prerelease(cell.version)]
    # Sorting keeps the order of one release: the channels' cells come first.
    return sorted(stable, key=lambda cell: version_key(cell.version), reverse=True)


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
        name = _name(text)
        if name in known or _is_for_index(text):
            left.append(text)
            continue
        if len(words) == limit:
            continue
        meant = similar([name], names).get(name) if len(words) < _CORRECTED else None
        if meant is not None:
            left.append(meant)
        hint = say("; did you mean “{meant}”?", meant=meant) if meant else "."
        words.append(say("No channel has “{name}”{hint}", name=name, hint=hint))
    return _say(joined(" ", words), packages=left) if words else None


def similar(missing: Iterable[str], names: Sequence[str]) -> dict[str, str]:
    """Return the known names that are similar to the first few missing ones; each takes a tenth of a second to find."""
    found = {}
    for name in [*missing][:_CORRECTED]:
        close = difflib.get_close_matches(name, names, n=1, cutoff=0.75)
        found.update({name: close[0]} if close else {})
    return found


def _near(asked: Wanted, cells: Sequence[Cell | IndexCell], corrected: Suggestion | None) -> Iterator[Suggestion]:
    """Yield suggestions to try, nearest first; if packages were corrected, each includes that correction."""
    if corrected is not None:
        yield corrected
    wanted = asked if corrected is None else _replaced(asked, corrected.change)
    for suggestion in _nearest(wanted, cells):
        if corrected is None:
            yield suggestion
        else:
            change = {**corrected.change, **suggestion.change}
            yield Suggestion(joined(" ", (corrected.message, suggestion.message)), change)


def _nearest(wanted: Wanted, cells: Sequence[Cell | IndexCell]) -> Iterator[Suggestion]:
    """Yield another Python, another release, the CPU build, the best release, and fewer packages."""
    if isinstance(wanted.keras, str):
        yield _say(say("Use the newest Keras that fits."), keras=True)
    if wanted.tensorflow is not None:
        kind = [c for c in cells if wanted.variant == "auto" or c.cuda == (wanted.variant == "cuda")]
        same = [cell for cell in kind if selection.fits(cell.version, wanted.tensorflow)]
        release = wanted.tensorflow.removesuffix(".*")
        if wanted.python is not None:
            pythons = {cell.python for cell in same} - {wanted.python}
            for python in sorted(pythons, key=lambda text: _distance(text, wanted.python)):
                yield _say(
                    say("Use Python {python} with TensorFlow {release}.", python=python, release=release), python=python
                )
        with_python = [cell for cell in kind if wanted.python in (None, cell.python) and cell not in same]
        for version in list(dict.fromkeys(cell.version for cell in with_python))[:3]:
            python = say(" with Python {python}", python=wanted.python) if wanted.python else ""
            yield _say(say("Use TensorFlow {version}{python}.", version=version, python=python), tensorflow=version)
        if wanted.variant == "cuda" and any(selection.fits(cell.version, wanted.tensorflow) for cell in cells):
            yield _say(say("Use the CPU build of TensorFlow {release}.", release=release), variant="cpu")
        best = next(iter(kind or cells), None)
        if best is not None:
            yield _say(
                say("Use TensorFlow {version} with Python {python}.", version=best.version, python=best.python),
                tensorflow=best.version,
                python=best.python,
                variant="cuda" if best.cuda else "cpu",
            )
    for package in wanted.packages:
        left = [text for text in wanted.packages if text != package]
        yield _say(say("Leave out “{package}”.", package=package), packages=left)


def _say(message: str, **change: Any) -> Suggestion:
    return Suggestion(message, change)


def _distance(python: str, wanted: str | None) -> tuple[int, ...]:
    """Return a key that sorts Python versions by their distance from the wanted one; at equal distance, newer first."""
    here, there = python_key(python), python_key(wanted or python)
    gap = abs(here[0] - there[0]) * 100 + abs(here[1] - there[1])
    return (gap, -here[0], -here[1])
