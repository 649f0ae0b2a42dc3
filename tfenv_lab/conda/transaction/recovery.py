"""Delete what a finished change set aside; finish or undo what a dead worker left."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ..prefix import registry, revisions
from . import placement, staging
from .apply import registered, remove
from .staging import Leftover


def clear(path: Path, job: str) -> Leftover | None:
    """Delete what a change or removal set aside, which can take long; return what could not be deleted, or None."""
    return staging.discard(staging.trash_path(path, job))


def settle(path: Path, job: str, moved_from: Path | None = None) -> bool:
    """Finish or undo what a dead job left at ``path``; return whether its change took effect.

    An interrupted replacement is finished. Everything else becomes trash, which ``clear`` deletes. ``moved_from`` is
    the old prefix of a renamed environment. The caller must hold the prefix lock.
    """
    staged, aside = staging.staging_path(path, job), staging.aside_path(path, job)
    placement.mend(staged, path, aside)
    known = revisions.read(path)
    done = any(revision.job == job for revision in known)
    if done:
        registered(path)
        # Only remove the environment that was renamed, not another that was created there since.
        jobs = {revision.job for revision in known}
        if moved_from is not None and moved_from.is_dir() and {r.job for r in revisions.read(moved_from)} <= jobs:
            remove(moved_from, job)
    for tree in (staged, aside):
        _throw_away(tree, staging.trash_path(path, job))
    return done


def settle_removal(path: Path, job: str) -> bool:
    """Return whether a dead job had removed the environment at ``path``; a removed one is never put back."""
    settle(path, job)
    done = staging.trash_path(path, job).is_dir() or not os.path.lexists(path)
    if not os.path.lexists(path):
        with contextlib.suppress(OSError):
            registry.unregister(path)
    return done


def _throw_away(tree: Path, trash: Path) -> None:
    """Turn a tree into trash. If it cannot be renamed or there is trash already, delete it in place."""
    if not os.path.lexists(tree):
        return
    try:
        tree.rename(trash)
    except OSError:
        staging.discard(tree)
