"""Read paths as users write them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def expanded(text: str) -> Path | None:
    """Return a path with ``~`` or ``~user`` replaced by the home directory, or None if there is no such directory."""
    path = os.path.expanduser(text)  # noqa: PTH111 - pathlib raises an error for a user who does not exist
    return None if text.startswith("~") and path == text else Path(path)


def as_written(text: str) -> Path:
    """Return a path with ``~`` replaced as far as possible, as pip does it: ``~nobody`` may be a name as well."""
    return expanded(text) or Path(text)


def instead_of_netrc(environ: Mapping[str, str]) -> str | None:
    """Return the empty file to read in place of ``.netrc`` if that is a named pipe or a directory, otherwise None.

    Programs that read a named pipe would wait for its contents for ever.
    """
    path = os.path.expanduser(environ.get("NETRC") or "~/.netrc")  # noqa: PTH111 - there may be no home directory
    return os.devnull if os.path.lexists(path) and not os.path.isfile(path) else None  # noqa: PTH113 - as above
