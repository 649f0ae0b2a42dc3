"""Update conda's list of prefixes, ``~/.conda/environments.txt`` (conda/core/envs_manager.py).

If the list cannot be written, it stays as it is: a change that took effect must not fail because of it.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from ...disk import locks, writes

#: Maximum bytes of the list. A longer one stays as it is.
LARGEST = 50_000_000


def registry_path() -> Path:
    """Return the path of the file in which conda lists the prefixes of this user."""
    return Path("~/.conda/environments.txt").expanduser()


def _rewrite(change: Callable[[list[str]], list[str]]) -> None:
    path = registry_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LARGEST:
        raise OSError(errno.EFBIG, "The list of environments is too long", os.fspath(path))
    with locks.hold(path.with_name(".tfenv-lock-environments.txt"), timeout=10):
        # Preserve foreign lines exactly: paths may not be UTF-8, or may contain other line separators than "\n".
        text = path.read_text(encoding="utf-8", errors="surrogateescape") if path.is_file() else ""
        lines = text.removesuffix("\n").split("\n") if text else []
        changed = change(lines)
        if changed != lines:
            writes.replace(path, "".join(f"{line}\n" for line in changed).encode("utf-8", "surrogateescape"))


def register(prefix: Path) -> None:
    """Add a prefix unless it is listed."""
    text = os.fspath(prefix)
    with contextlib.suppress(OSError):
        _rewrite(lambda lines: lines if text in lines else [*lines, text])


def unregister(prefix: Path) -> None:
    """Remove a prefix if it is listed."""
    text = os.fspath(prefix)
    with contextlib.suppress(OSError):
        if registry_path().exists():
            _rewrite(lambda lines: [line for line in lines if line != text])
