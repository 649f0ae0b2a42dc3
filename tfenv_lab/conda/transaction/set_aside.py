"""Set a deleted environment aside for a while, so that it can be restored whole.

It is moved into ``.tfenv-kept-<job>-<name>`` next to its prefix, with one rename, and leaves by one rename: back to its
prefix, or as trash before its first file is deleted. So it is always whole or gone.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ...errors import NotFound, PrefixExists
from ...sentences import filled, say
from ..prefix import registry
from . import prefix_lock, staging
from .failure import translate
from .removal import require_movable
from .staging import Leftover

#: What a restore says if the environment is gone.
GONE = say("The files of “{name}” are deleted already, so the deletion cannot be undone.")


def tree_of(path: Path, job: str) -> Path:
    """Return where the environment that was at ``path`` is while it is set aside."""
    return staging.kept_path(path, job) / path.name


def is_set_aside(path: Path, job: str) -> bool:
    """Return whether a job's deleted environment can still be restored."""
    return os.path.lexists(tree_of(path, job))


def put(path: Path, job: str) -> None:
    """Remove an environment from its prefix by setting it aside.

    Raises Protected as ``removal.remove`` does. The caller must hold the prefix lock.
    """
    require_movable(path)
    tree = tree_of(path, job)
    try:
        tree.parent.mkdir(exist_ok=True)
        path.rename(tree)
    except OSError as error:
        forget(path, job)
        raise translate(error) from error
    registry.unregister(path)


def restore(path: Path, job: str) -> None:
    """Move the environment that ``job`` deleted back to its prefix. The caller must hold the prefix lock.

    The empty directory that it was in stays until ``forget``, as the sign that the restore took effect. Raises
    PrefixExists if something has its place now, NotFound if the environment is not there anymore.
    """
    tree = tree_of(path, job)
    if not os.path.lexists(tree):
        raise NotFound(filled(GONE, name=path.name))
    require_free(path)
    try:
        tree.rename(path)
    except OSError as error:
        raise translate(error) from error
    registry.register(path)


def require_free(path: Path) -> None:
    """Raise PrefixExists if an environment or anything else has the prefix now."""
    if os.path.lexists(path):
        raise PrefixExists(
            say("Another environment is called “{name}” now, so the deleted one cannot be restored.", name=path.name),
            hint=say("Restore it under another name, or rename the other environment and undo the deletion again."),
        )


def settle_restore(path: Path, job: str) -> bool:
    """Return whether a dead restore of what ``job`` deleted had taken effect, and clean up after it."""
    done = os.path.lexists(path) and staging.kept_path(path, job).is_dir() and not is_set_aside(path, job)
    if done:
        registry.register(path)
    forget(path, job)
    return done


def expire(path: Path, job: str) -> Leftover | None:
    """Delete an environment that was set aside; return what could not be deleted, or None.

    Raises PrefixBusy if another process is restoring it.
    """
    kept, trash = staging.kept_path(path, job), staging.trash_path(path, job)
    if not path.parent.is_dir():
        return None
    with prefix_lock.hold(path, job):
        if os.path.lexists(kept):
            if os.path.lexists(trash):
                staging.discard(trash)
            kept.rename(trash)
    return staging.discard(trash)


def forget(path: Path, job: str) -> None:
    """Delete the directory that a restored environment was in. One that holds an environment stays."""
    with contextlib.suppress(OSError):
        staging.kept_path(path, job).rmdir()
