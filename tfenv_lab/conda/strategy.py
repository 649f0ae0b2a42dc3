"""How a change can take the place of what a prefix holds."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Literal

from ..errors import Protected
from . import staging

#: ``swap``: one atomic exchange of directories. ``rename``: two renames, mended at the next start if interrupted.
Strategy = Literal["swap", "rename"]


def strategy_of(prefix: Path) -> Strategy:
    """Return how a change of ``prefix`` would be put in place.

    Tried, not guessed: two empty directories are exchanged beside the prefix. Raises Protected where the prefix cannot
    be replaced at all: a symbolic link, a mount point, or a folder that must not be written.
    """
    if prefix.is_symlink():
        raise Protected(f"“{prefix.name}” is a symbolic link to {prefix.resolve()}; change that environment instead.")
    if os.path.ismount(prefix):
        raise Protected(f"“{prefix.name}” is a mount point and cannot be replaced; make a copy of it instead.")
    if not os.access(prefix.parent, os.W_OK | os.X_OK):
        raise Protected(f"The folder {prefix.parent} cannot be written; make a copy of the environment instead.")
    token = secrets.token_hex(4)
    one, other = (prefix.parent / f"{staging.MARK}probe-{token}-{n}" for n in "ab")
    try:
        one.mkdir()
        other.mkdir()
        staging.exchange(one, other)
    except OSError as error:
        if error.errno not in staging.CANNOT_EXCHANGE:
            raise Protected(f"The folder {prefix.parent} cannot be written.", str(error)) from error
        return "rename"
    finally:
        for path in (one, other):
            staging.discard(path)
    return "swap"
