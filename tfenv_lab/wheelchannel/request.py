"""Models of a build: its request and its progress."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from .interpreter import Interpreter

#: Increase this if the same interpreter is packed differently; every channel is then built again.
RECIPE = 4
#: About what each Python costs, as measured: the seconds that packing takes, and the bytes of its package.
SECONDS, BYTES = 3, 30_000_000


@dataclass(frozen=True)
class BuildProgress:
    """A step of the build.

    ``phase`` is wait, pack, index or check. ``done`` and ``total`` count interpreters, or are 0 in a phase without a
    count.
    """

    phase: str
    message: str
    done: int = 0
    total: int = 0


#: A function that receives every step. Calls may come from several threads, but never two at once.
Report = Callable[[BuildProgress], None]


@dataclass(frozen=True)
class BuildRequest:
    """A request for a channel.

    ``pythons`` are the interpreters to pack (default: one of each minor version on this machine). ``directory`` is the
    directory of the channel (default: one for this recipe in the user's cache).
    """

    pythons: tuple[Path, ...] = ()
    directory: Path | None = None


def recipe(interpreters: Sequence[Interpreter]) -> dict[str, object]:
    """Return everything that determines the channel's contents; the order of the interpreters does not matter."""
    return {
        "recipe": RECIPE,
        "pythons": sorted([each.version, str(each.executable)] for each in interpreters),
        "subdir": interpreters[0].subdir,
    }


def digest(recipe: dict[str, object]) -> str:
    """Return the hexadecimal SHA-256 of a recipe."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
