"""Decide how a job ended when its worker or server died, and clean up after it."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

from ..conda.transaction.staging import Leftover
from ..disk.reads import BoundedReads
from ..errors import JobFailed, PrefixBusy, from_json
from ..sentences import megabytes, say
from .deaths import Death
from .messages import Failed, Succeeded
from .models import DONE, Job

#: Jobs that leave nothing in or next to their prefix.
_IN_NO_PREFIX = ("check", "clean", "rollout")
#: Jobs whose work the next of their kind continues: the sentences if they are cancelled, and if their worker died.
_UNFINISHED = {
    "clean": (
        say("Cancelled; some files may be deleted already"),
        say("Another process stopped the job. Some files may be deleted already."),
    ),
    "rollout": (
        say("Cancelled; some workers may have the environment already"),
        say("Another process stopped the job. Some workers may have the environment already."),
    ),
}
#: Seconds to wait for another server that cleans up after the same job.
PATIENCE = 10.0


async def outcome(job: Job, last: Succeeded | Failed | Death, is_cancelled: bool) -> Job:
    """Return a job as it ended, according to the worker's last message or, without one, to the state of the disk."""
    if isinstance(last, Failed):
        # Threads of the engine may have written more after the failure. The worker has ended, so they have too.
        done, leftovers = (False, []) if job.kind in _IN_NO_PREFIX else await asyncio.to_thread(clean_up, job)
        if done:
            return job.ended("succeeded", message=DONE.get(job.kind, "Done"), leftovers=leftovers)
        return job.failed(from_json(last.error), leftovers=leftovers)
    if isinstance(last, Succeeded):
        message = DONE.get(job.kind, "Done") if last.freed is None else f"Freed {megabytes(last.freed)}"
        undo = replace(job.undo, bytes=last.kept) if job.undo is not None else None
        return job.ended("succeeded", message=message, result=last.check, undo=undo)
    if job.kind in _UNFINISHED:
        return unfinished(job, is_cancelled)
    # The worker died. If its swap had already happened, the job succeeded.
    done, leftovers = await asyncio.to_thread(clean_up, job)
    if done:
        return job.ended("succeeded", message=DONE.get(job.kind, "Done"), leftovers=leftovers)
    if is_cancelled:
        return job.ended("cancelled", message=say("Cancelled; nothing was changed"), leftovers=leftovers)
    return job.failed(last.error, last.state, leftovers=leftovers)


def not_started(job: Job, is_cancelled: bool) -> Job:
    """Return a job that a user cancelled, or whose server stopped, before it had a worker."""
    if is_cancelled:
        return job.ended("cancelled", message=say("Cancelled before it started"))
    failure = JobFailed(say("The server stopped before the job started. Nothing was changed."), hint=say("Try again."))
    return job.failed(failure, "interrupted")


def unfinished(job: Job, is_cancelled: bool) -> Job:
    """Return a job whose worker died, and that another of its kind continues: what it did is done."""
    cancelled, stopped = _UNFINISHED[job.kind]
    if is_cancelled:
        return job.ended("cancelled", message=cancelled)
    failure = JobFailed(stopped, hint=say("Try again."))
    return job.failed(failure, "interrupted")


def clean_up(job: Job) -> tuple[bool, list[Leftover]]:
    """Clean up after a dead worker. Return whether its change took effect, and the files that could not be deleted."""
    if job.kind in _UNFINISHED:
        return False, []
    if job.kind == "build-channel":
        from ..wheelchannel.channel import discard_unfinished

        discard_unfinished()
        return False, []
    from ..conda.transaction import prefix_lock, recovery, set_aside

    prefix, moved_from = Path(job.prefix), Path(job.moved_from) if job.moved_from else None
    places = [place for place in (prefix, moved_from) if place is not None]
    is_unsettled = recovery.is_unsettled(prefix, job.id, moved_from)
    with contextlib.ExitStack() as stack:
        for place in places:
            if place.parent.is_dir():
                try:
                    # Releasing our lock also removes the dead worker's lock file.
                    stack.enter_context(prefix_lock.hold(place, job.id, PATIENCE if is_unsettled else 0.0))
                except PrefixBusy:
                    # Two servers that move the same trees would lose files. ``collect`` finishes this later.
                    if is_unsettled:
                        return recovery.is_done(prefix, job.id), []
                except OSError:
                    pass
        if job.kind == "delete":
            done = recovery.settle_removal(prefix, job.id)
        elif job.kind == "restore":
            # Under another name, it was a change; under its own, its tree was only moved.
            done = recovery.settle(prefix, job.id) or set_aside.settle_restore(prefix, job.deletion or "")
        else:
            done = recovery.settle(prefix, job.id, moved_from)
    # Deleting trash needs no lock: its name contains the job's id, and the prefix itself is already free.
    return done, [left for place in places if (left := recovery.clear(place, job.id))]


def answers(job: Job) -> bool:
    """Return whether the drives of a job's prefixes respond, even if the prefixes are gone."""
    folders = {Path(place).parent for place in (job.prefix, job.moved_from) if place}
    reads: BoundedReads[Path, bool] = BoundedReads(os.path.lexists)
    return all(found is not None for found in reads.run(folders).values())


def _reachable(prefixes: Collection[Path]) -> list[Path]:
    """Return the prefixes whose parent directory exists, without waiting for drives that do not answer."""
    reads: BoundedReads[Path, bool] = BoundedReads(Path.is_dir)
    folders = reads.run({prefix.parent for prefix in prefixes})
    return [prefix for prefix in prefixes if folders[prefix.parent] is True]


def collect(prefixes: Collection[Path], busy: Collection[str]) -> list[Leftover]:
    """Finish or undo what dead jobs left next to ``prefixes``, except the jobs whose ids are in ``busy``.

    Return what could not be deleted. Blocks until the deletion is done.
    """
    from ..conda.transaction import prefix_lock, recovery, staging

    found: list[Leftover] = []
    for token, prefix in sorted(staging.leftovers(_reachable(prefixes))):
        if token not in busy:
            with contextlib.suppress(PrefixBusy, OSError):
                with prefix_lock.hold(prefix, token):
                    recovery.settle(prefix, token)
                left = recovery.clear(prefix, token)
                if left is not None:
                    found.append(left)
    return found
