"""The commands for the history of an environment: its revisions, and notes about them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ..errors import InvalidRequest
from ..services import Services
from .command import TfenvCommand, table


def revision_number(text: str) -> int:
    """Return the number of a revision. Raises InvalidRequest."""
    if not (text.isdecimal() and len(text) < 10):
        raise InvalidRequest(f"“{text}” is not a revision number.")
    return int(text)


class HistoryApp(TfenvCommand):
    """List the revisions of an environment: what was requested, what changed, and the notes."""

    needs = ("environments",)
    least, most, usage = 1, 1, "history NAME"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        from ..conda.prefix import revisions

        environment = await self.find(services, arguments[0])
        found = list(reversed(await asyncio.to_thread(revisions.read, Path(environment.prefix))))
        rows = [
            (str(one.number), one.created, one.asked or one.kind, one.summary, " ".join((one.note or "").split()))
            for one in found
        ]
        text = table(("revision", "created", "request", "changes", "note"), rows)
        self.write({"revisions": [one.to_json() for one in found]}, text if rows else "No history yet.")
        return 0


class NoteApp(TfenvCommand):
    """Write a note about a revision; without a text, remove the note."""

    least, most, usage = 2, 3, "note NAME REVISION [TEXT]"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        environment = await self.find(services, arguments[0])
        note = arguments[2] if len(arguments) > 2 else None
        found = await services.notes.change(environment.id, revision_number(arguments[1]), note)
        done = f"Noted: {found.note}" if found.note else "The note is removed."
        self.write(found.to_json(), done)
        return 0
