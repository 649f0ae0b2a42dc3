"""Delete what a finished change set aside; finish or undo what a dead worker left."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from ..prefix import registry, revisions
from ..prefix.records import package_names
from . import placement, set_aside, staging
from .removal import remove
from .staging import Leftover


def clear(path: Path, job: str) -> Leftover | None:
    """Delete what a change or removal set aside, which can take long; return what could not be deleted, or None."""
    return staging.discard(staging.trash_path(path, job))


def is_unsettled(path: Path, job: str, moved_from: Path | None = None) -> bool:
    """Return whether a dead job left anything that ``settle`` would finish or undo."""
    trees = [staging.staging_path(path, job), staging.aside_path(path, job)]
    if moved_from is not None and is_done(path, job):
        trees.append(moved_from)
    return any(map(os.path.lexists, trees))


def is_done(path: Path, job: str) -> bool:
    """Return whether the change of a job took effect."""
    return any(revision.job == job for revision in revisions.read(path))


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
        registry.register(path)
        jobs = {revision.job for revision in known}
        if moved_from is not None and _is_still_there(moved_from, path, job, jobs):
            remove(moved_from, job)
    for tree in (staged, aside):
        _throw_away(tree, staging.trash_path(path, job))
    return done


def collect(path: Path) -> list[Leftover]:
    """Finish or undo what dead jobs left at ``path``, and delete the rest; return what could not be deleted.

    The caller must hold the prefix lock, so no other job is building a tree there.
    """
    left = [token for token, prefix in staging.leftovers([path]) if prefix == staging.real(path)]
    for token in left:
        settle(path, token)
    return [leftover for token in left if (leftover := clear(path, token)) is not None]


def settle_removal(path: Path, job: str) -> bool:
    """Return whether a dead job had removed the environment at ``path``; a removed one is never put back."""
    settle(path, job)
    is_gone = staging.trash_path(path, job).is_dir() or set_aside.is_set_aside(path, job)
    done = is_gone or not os.path.lexists(path)
    if not os.path.lexists(path):
        registry.unregister(path)
    return done


def _is_still_there(moved_from: Path, path: Path, job: str, jobs: Collection[str | None]) -> bool:
    """Return whether ``moved_from`` is the environment that was renamed to ``path``, not one created there since.

    ``jobs`` are the jobs that changed the renamed environment.
    """
    if not moved_from.is_dir() or os.path.lexists(staging.trash_path(moved_from, job)):
        return False
    # An environment that conda created has no revisions, only packages.
    is_same = set(package_names(moved_from)) == set(package_names(path))
    return is_same and {revision.job for revision in revisions.read(moved_from)} <= set(jobs)


def _throw_away(tree: Path, trash: Path) -> None:
    """Turn a tree into trash. If it cannot be renamed or there is trash already, delete it in place."""
    if not os.path.lexists(tree):
        return
    try:
        tree.rename(trash)
    except OSError:
        staging.discard(tree)
