"""Read paths as users write them."""

from __future__ import annotations

import os
from pathlib import Path


def expanded(text: str) -> Path | None:
    """Return a path with ``~`` or ``~user`` replaced by the home directory, or None if there is no such directory."""
    path = os.path.expanduser(text)  # noqa: PTH111 - pathlib raises an error for a user who does not exist
    return None if text.startswith("~") and path == text else Path(path)


def as_written(text: str) -> Path:
    """Return a path with ``~`` replaced as far as possible, as pip does it: ``~nobody`` may be a name as well."""
    return expanded(text) or Path(text)
