"""How a change can take the place of what a prefix holds: by exchange of directories, or file by file."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Literal

from . import staging

Strategy = Literal["swap", "in-place"]


def strategy_of(prefix: Path) -> Strategy:
    """Return ``"swap"`` where a directory beside ``prefix`` can take its place in one step, else ``"in-place"``.

    Tried, not guessed: two empty directories are exchanged beside the prefix. A prefix that is a symbolic link or a
    mount point cannot be exchanged itself.
    """
    if prefix.is_symlink() or os.path.ismount(prefix) or not os.access(prefix.parent, os.W_OK | os.X_OK):
        return "in-place"
    token = secrets.token_hex(4)
    one, other = (prefix.parent / f"{staging.MARK}probe-{token}-{n}" for n in "ab")
    try:
        one.mkdir()
        other.mkdir()
        staging.exchange(one, other)
    except OSError:
        return "in-place"
    finally:
        for path in (one, other):
            staging.discard(path)
    return "swap"
