"""Plan the change after which an environment has exactly the packages of a lock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ..conda.formats import reading
from ..conda.formats.model import Choice
from ..conda.prefix import lock
from ..errors import InvalidRequest
from ..plan_requests import Import, Match
from ..sentences import say

if TYPE_CHECKING:
    from .installed import FoundEnvironment
    from .solved import Solved

_HINT = say("Export a lock from an environment (conda-lock, pixi-lock or explicit), and use that file.")


def as_import(request: Match, subdir: str) -> Import:
    """Return the import of the same file. Raises InvalidRequest unless the file has exact packages for this machine."""
    choice = Choice(request.lock_environment, request.categories)
    found = reading.read(request.content, request.format, subdir, choice)
    if found.pinned is None:
        raise InvalidRequest(say("The file is not a lock: it does not name every package exactly."), hint=_HINT)
    return request.as_import(request.name or "environment")


def matched(request: Match, name: str, imported: Solved, found: FoundEnvironment | None) -> Solved:
    """Return the change of an environment to an imported lock; None stands for an environment that does not exist.

    Packages that pip or uv installed in a terminal, and that are not in the lock, are removed. Raises InvalidRequest if
    the exact packages of the file are not available, or Protected if the environment differs and must not be changed.
    """
    if imported.specs:
        # A notebook has specs, too, which an import would solve instead.
        raise InvalidRequest(say("The exact packages of the file are not available."), imported.notes[-1].message)
    imported = replace(imported, request=request, name=name)
    if found is None:
        return imported
    others = sorted({each.name for each in found.index.others})
    before = found.index.with_others(others)
    if lock.digest(found.state.records, before) != lock.digest(imported.after, imported.distributions):
        found.environment.require_changeable()
    return replace(
        imported,
        before=found.state.records,
        asked_before={**found.state.requested, **found.index.requirements},
        origin="in_place",
        fingerprint=found.fingerprint,
        environment=found.environment,
        distributions_before=before,
        requirements_before=found.index.requirements,
        others_removed=tuple(others),
        # Those of an environment that exists stay.
        variables={},
    )
