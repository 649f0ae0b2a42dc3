"""Solve reverts: the packages of an earlier revision, from its lock."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from ..errors import NotFound
from ..plan_requests import Revert
from ..sentences import say
from . import repair
from .installed import FoundEnvironment
from .solved import Solved, in_place


async def revert(request: Revert, found: FoundEnvironment, prefix: Path | None, subdir: str) -> Solved:
    """Solve a request to go back to a revision, for one platform (``subdir``).

    ``prefix`` is that of a copy, which gets the packages instead. Raises NotFound without the revision or its lock.
    """
    from ..conda.prefix import lock, revisions

    known = await asyncio.to_thread(revisions.read, found.prefix)
    revision = next((each for each in known if each.number == request.revision), None)
    if revision is None:
        raise NotFound(
            say("“{name}” has no revision {revision}.", name=found.environment.name, revision=request.revision)
        )
    path = revisions.lock_of(found.prefix, revision.number)
    try:
        locked = await asyncio.to_thread(lock.load, path)
        distributions = await asyncio.to_thread(lock.distributions, path.read_text("utf-8"), subdir)
    except (FileNotFoundError, ValueError) as error:
        message = say(
            "The lock of revision {number} of “{name}” is missing or damaged.",
            number=revision.number,
            name=found.environment.name,
        )
        raise NotFound(message, f"{path}: {error}", hint=say("Revert to another revision.")) from error
    solved = replace(
        in_place(found, request, locked.get(subdir, []), dict(revision.requested)),
        distributions=distributions,
        requirements=revision.requirements,
    )
    # Going back to the current revision is a repair, too.
    restored = await repair.restored(solved, found, contents=revision == known[-1])
    if request.into is None or prefix is None:
        return restored
    # The copy gets whole files in place of damaged ones, and the original keeps them as they are.
    return replace(restored, name=request.into, prefix=prefix, origin="copy", source=found.prefix, fingerprint=None)
