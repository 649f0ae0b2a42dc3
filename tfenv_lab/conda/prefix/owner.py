"""Find out whose scripts an environment's activation would run."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from .activation import activation_scripts


def has_scripts_of_another(prefix: Path, trusted: Iterable[Path] = ()) -> bool:
    """Return whether another user than root could decide what the activation of ``prefix`` runs.

    Environments in the directories ``trusted`` count as the user's own, even if another user owns them. Reads the disk.
    """
    found = activation_scripts(prefix)
    if not found:
        return False
    # The scripts of an overlay are those of its base.
    real = os.path.realpath(found[0].parent)
    if any(Path(real).is_relative_to(os.path.realpath(folder)) for folder in trusted):
        return False
    owners = set(_owners([prefix, Path(real), *found]))
    return not owners <= {0, os.getuid()}


def user_name(user: int) -> str | None:
    """Return the name of a user, or None if the system knows none."""
    try:
        import pwd

        return pwd.getpwuid(user).pw_name
    except (ImportError, KeyError):
        return None


def _owners(paths: Iterable[Path]) -> Iterator[int]:
    for path in paths:
        with contextlib.suppress(FileNotFoundError):
            yield path.stat().st_uid
