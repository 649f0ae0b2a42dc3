"""Delete what a finished change set aside; finish or undo what a dead worker left."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ..prefix import registry, revisions
from . import placement, staging
from .apply import register_prefix, remove
from .staging import Leftover


def clear(path: Path, job: str) -> Leftover | None:
    """Delete what a change or a removal set aside, however long that takes, and return what could not be deleted."""
    return staging.discard(staging.trash_path(path, job))


def settle(path: Path, job: str, moved_from: Path | None = None) -> bool:
    """Finish or undo what a job that died left of ``path``; return whether its change had taken place.

    A change that was being put in place is finished. All else becomes trash, which ``clear`` deletes. ``moved_from``
    is where a renamed environment was before. The caller holds the prefix's lock.
    """
    staged, aside = staging.staging_path(path, job), staging.aside_path(path, job)
    placement.mend(staged, path, aside)
    known = revisions.read(path)
    done = any(revision.job == job for revision in known)
    if done:
        register_prefix(path)
        # Whatever lies there must be the environment that was renamed, not another that was made since.
        jobs = {revision.job for revision in known}
        if moved_from is not None and moved_from.is_dir() and {r.job for r in revisions.read(moved_from)} <= jobs:
            remove(moved_from, job)
    for tree in (staged, aside):
        _throw_away(tree, staging.trash_path(path, job))
    return done


def settle_removal(path: Path, job: str) -> bool:
    """Tell whether a job that died had removed the environment at ``path``: what it removed is never put back."""
    settle(path, job)
    done = staging.trash_path(path, job).is_dir() or not os.path.lexists(path)
    if not os.path.lexists(path):
        with contextlib.suppress(OSError):
            registry.unregister(path)
    return done


def _throw_away(tree: Path, trash: Path) -> None:
    """Make a tree trash. One that cannot be renamed, or that is not the only one, is deleted where it is."""
    if not os.path.lexists(tree):
        return
    try:
        tree.rename(trash)
    except OSError:
        staging.discard(tree)
