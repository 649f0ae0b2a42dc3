"""Remove an environment at once, by renaming it."""

from __future__ import annotations

from pathlib import Path

from ...disk import faults
from ...errors import Protected
from ...sentences import say
from ..prefix import registry
from . import staging
from .failure import translate


def remove(path: Path, job: str) -> None:
    """Remove an environment at once by renaming it; ``recovery.clear`` deletes its files later.

    Raises Protected if it cannot be renamed: a symbolic link, a mount point, or a parent directory without write
    permission.
    """
    require_movable(path)
    try:
        path.rename(staging.trash_path(path, job))
    except OSError as error:
        raise translate(error) from error
    registry.unregister(path)


def require_movable(path: Path) -> None:
    """Raise Protected, with the reason, if an environment's directory cannot be renamed."""
    if path.is_symlink():
        raise Protected(
            say(
                "“{name}” is a symbolic link; the environment itself is at {resolve}.",
                name=path.name,
                resolve=path.resolve(),
            )
        )
    if staging.is_fixed(path):
        wrong = faults.fault(path.parent) or say("it is a mount point")
        raise Protected(say("“{name}” cannot be moved: {wrong}.", name=path.name, wrong=wrong))
