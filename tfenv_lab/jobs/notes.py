"""Change the note of a revision. This needs no plan, because it changes no package and is quickly undone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InvalidRequest, NotFound, Protected
from ..sentences import say, without_credentials

if TYPE_CHECKING:
    from ..conda.prefix.revisions import Revision
    from ..environments.service import EnvironmentService
    from .running import RunningJobs


class NoteService:
    """Service that changes the notes of revisions."""

    def __init__(self, environments: Callable[[], EnvironmentService], running: Callable[[], RunningJobs]) -> None:
        self._environments, self._running = environments, running

    async def change(self, environment_id: str, number: int, note: object) -> Revision:
        """Write the note of a revision, or remove it if it is None or blank, and return the revision.

        Raises InvalidRequest, NotFound, Protected, or PrefixBusy if a job or another program is changing the
        environment.
        """
        text = checked(note)
        environment = await self._environments().readable(environment_id)
        environment.require_changeable()
        prefix = Path(environment.prefix)
        await self._running().make_way(prefix)
        return await asyncio.to_thread(_write, prefix, environment.name, number, text)


def checked(note: object) -> str | None:
    """Return the note of a request without credentials, or None if it is blank. Raises InvalidRequest."""
    from ..conda.prefix.note import LONGEST

    if note is not None and not isinstance(note, str):
        raise InvalidRequest(say("“note” must be a string or null."))
    text = without_credentials(note or "").strip()
    if len(text) > LONGEST:
        raise InvalidRequest(
            say("The note has {count} characters; the limit is {longest}.", count=len(text), longest=LONGEST)
        )
    return text or None


def _write(prefix: Path, name: str, number: int, note: str | None) -> Revision:
    from ..conda.prefix import revisions
    from ..conda.transaction import prefix_lock

    try:
        with prefix_lock.hold(prefix, "note"):
            found = revisions.annotate(prefix, number, note)
    except OSError as error:
        raise Protected(say("The note cannot be written. Nothing was changed."), str(error)) from error
    if found is None:
        raise NotFound(say("“{name}” has no revision {number}.", name=name, number=number))
    return found
