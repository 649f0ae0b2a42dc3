"""The marker that protects an environment from changes (CEP 22): ``conda-meta/frozen``.

conda reads the message of its JSON. ``publish`` adds who published the environment, and when.
"""

from __future__ import annotations

import json
from pathlib import Path

from ... import serde
from ...sentences import say

_FILE = "conda-meta/frozen"
_UNKNOWN = say("Its creator marked it as protected.")


class Marker:
    """What a marker says. ``published`` is when the environment was published (ISO 8601, UTC), or None."""

    def __init__(self, message: str, published: str | None = None, by: str | None = None) -> None:
        self.message = message
        self.published = published
        self.by = by


def exists(prefix: Path) -> bool:
    """Return whether a prefix has the marker."""
    return (prefix / _FILE).exists()


def read(prefix: Path) -> Marker:
    """Return the marker of a prefix that has one. What cannot be read of it counts as missing."""
    try:
        stored = serde.parse((prefix / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stored = None
    texts = {name: text for name, text in stored.items() if isinstance(text, str)} if isinstance(stored, dict) else {}
    return Marker(texts.get("message") or _UNKNOWN, texts.get("published"), texts.get("by"))


def write(prefix: Path, marker: Marker) -> Path:
    """Write the marker, and return its path."""
    path = prefix / _FILE
    path.write_text(json.dumps({name: value for name, value in vars(marker).items() if value}), encoding="utf-8")
    return path
