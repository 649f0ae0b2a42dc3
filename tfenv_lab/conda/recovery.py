"""After a change: what it put aside is deleted, and what a worker that died left is finished or undone."""

from __future__ import annotations

from pathlib import Path

from . import revisions, staging, strategy, transaction


def clear(path: Path, job: str) -> None:
    """Delete what a change or a removal put aside. That takes as long as it takes; the change is done before it."""
    staging.discard(staging.trash_path(path, job))


def undo(path: Path, job: str, moved_from: Path | None = None) -> bool:
    """Clear away what a job that died left of ``path``; return whether its change had taken place.

    A change that was being put in place is finished. ``moved_from`` is where a renamed environment was before.
    """
    staged, trash = staging.staging_path(path, job), staging.trash_path(path, job)
    strategy.mend(staged, path, trash)
    known = revisions.read(path)
    done = any(revision.job == job for revision in known)
    if done:
        transaction.registered(path)
        if moved_from is not None:
            # Whatever lies there must be the environment that was renamed, not another that was made since.
            if moved_from.is_dir() and {r.job for r in revisions.read(moved_from)} <= {r.job for r in known}:
                transaction.remove(moved_from, job)
            clear(moved_from, job)
    clear(path, job)
    staging.discard(staged)
    return done
