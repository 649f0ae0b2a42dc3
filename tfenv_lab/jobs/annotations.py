"""Change what a user keeps with an environment: its note and its pins. This needs no plan: no package changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest, Protected
from ..sentences import say, without_credentials
from .notes import checked

if TYPE_CHECKING:
    from ..environments.service import EnvironmentService
    from .running import RunningJobs

#: Maximum number of pins, and maximum length of a pin in characters.
_MOST, _LONGEST = 200, 200


@dataclass(frozen=True)
class Annotations:
    """The Annotations of the REST contract. ``pins`` are those of the environment's own file."""

    note: str | None
    pins: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """Return the contract's object."""
        return {"note": self.note, "pins": list(self.pins)}


class AnnotationService:
    """Service that reads and changes the notes and pins of environments."""

    def __init__(self, environments: Callable[[], EnvironmentService], running: Callable[[], RunningJobs]) -> None:
        self._environments, self._running = environments, running

    async def of(self, environment_id: str) -> Annotations:
        """Return the note and the pins of an environment. Raises NotFound, or InvalidRequest for unreadable pins."""
        environment = await self._environments().readable(environment_id)
        return await asyncio.to_thread(_read, Path(environment.prefix))

    async def change(self, environment_id: str, wanted: Mapping[str, object]) -> Annotations:
        """Write the note or the pins, or both, and return both.

        Raises InvalidRequest, NotFound, Protected, or PrefixBusy if a job or another program is changing the
        environment.
        """
        unknown = set(wanted) - {"note", "pins"}
        if unknown or not wanted:
            raise InvalidRequest(say("The body must have “note” or “pins”, and no other field."))
        changes: dict[str, Any] = {}
        if "note" in wanted:
            changes["note"] = checked(wanted["note"])
        if "pins" in wanted:
            changes["pins"] = await asyncio.to_thread(_pins, wanted["pins"])
        environment = await self._environments().readable(environment_id)
        environment.require_changeable()
        prefix = Path(environment.prefix)
        await self._running().make_way(prefix)
        await asyncio.to_thread(_write, prefix, changes)
        return await asyncio.to_thread(_read, prefix)


def _pins(pins: object) -> list[str]:
    from ..conda.solving.pins import require_readable

    if not isinstance(pins, list) or not all(isinstance(each, str) for each in pins):
        raise InvalidRequest(say("“pins” must be a list of strings."))
    found = list(dict.fromkeys(text for each in pins if (text := each.strip())))
    if len(found) > _MOST:
        raise InvalidRequest(say("“pins” has {count} items; the limit is {most}.", count=len(found), most=_MOST))
    for text in found:
        if len(text) > _LONGEST or text.startswith("#") or not text.isprintable() or without_credentials(text) != text:
            raise InvalidRequest(
                say("“{text}” is not a pin.", text=without_credentials(text)[:60]),
                hint=say("Write a pin as in “tensorflow 2.19.*”."),
            )
        require_readable(text, "“pins”")
    return found


def _read(prefix: Path) -> Annotations:
    from ..conda.prefix import note
    from ..conda.solving import pins

    return Annotations(note.read(prefix), pins.own(prefix))


def _write(prefix: Path, changes: Mapping[str, Any]) -> None:
    from ..conda.prefix import note
    from ..conda.solving import pins
    from ..conda.transaction import prefix_lock

    try:
        with prefix_lock.hold(prefix, "annotations"):
            if "pins" in changes:
                pins.write(prefix, changes["pins"])
            if "note" in changes:
                note.write(prefix, changes["note"])
    except OSError as error:
        message = say("The note and the pins of “{name}” cannot be written.", name=prefix.name)
        raise Protected(message, str(error)) from error
