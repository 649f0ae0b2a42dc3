"""How jobs end where their worker or server does not say: whose jobs still run, and what the others had begun."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import psutil

from ..errors import JobFailed, PrefixBusy, from_json
from .models import DONE, Job


def this_server() -> dict[str, Any]:
    """Return how this process is named in the jobs that it supervises."""
    return {"host": socket.gethostname(), "pid": os.getpid(), "started": psutil.Process().create_time()}


def alive(server: dict[str, Any]) -> bool:
    """Tell whether the server that supervises a job still runs; of another host nothing is known, so it may."""
    if server.get("host") != socket.gethostname():
        return bool(server)
    try:
        return abs(psutil.Process(int(server["pid"])).create_time() - float(server["started"])) < 1
    except (psutil.Error, KeyError, ValueError):
        return False


async def outcome(job: Job, last: dict[str, Any] | None, is_cancelled: bool) -> Job:
    """Return a job as it ended: as its worker's last word says or, without one, as the disk does."""
    if last is not None and "error" in last:
        error = last["error"]
        # Threads of the engine may have gone on writing after it failed: what they left goes once they have ended.
        if job.kind != "check" and await asyncio.to_thread(cleared, job):
            return job.ended("succeeded", message=DONE.get(job.kind, "Done"))
        return job.failed(from_json(error))
    if last is not None:
        result = last["result"] if job.kind == "check" else None
        return job.ended("succeeded", message=DONE.get(job.kind, "Done"), result=result)
    # The worker died. Where its change had taken place all the same, it counts.
    if await asyncio.to_thread(cleared, job):
        return job.ended("succeeded", message=DONE.get(job.kind, "Done"))
    if is_cancelled:
        return job.ended("cancelled", message="Cancelled; nothing was changed")
    failure = JobFailed("The work was ended from outside; nothing was changed.", hint="Try again.")
    return job.failed(failure, "interrupted")


def cleared(job: Job) -> bool:
    """Clear away what a dead worker left; return whether its change had taken place."""
    if job.kind == "build-channel":
        from ..wheelchannel.channel import discard_unfinished

        discard_unfinished()
        return False
    from ..conda import prefix_lock, recovery

    prefix, moved_from = Path(job.prefix), Path(job.moved_from) if job.moved_from else None
    with contextlib.ExitStack() as stack:
        for place in filter(None, (prefix, moved_from)):
            if place.parent.is_dir():
                # With our lock goes the file of the dead worker's.
                with contextlib.suppress(PrefixBusy, OSError):
                    stack.enter_context(prefix_lock.hold(place, job.id))
        return recovery.undo(prefix, job.id, moved_from)


def collect(prefixes: Sequence[Path], busy: Collection[str]) -> None:
    """Finish or clear away what jobs left beside ``prefixes``, those in ``busy`` (ids) excepted."""
    from ..conda import prefix_lock, recovery, staging

    for token, prefix in staging.leftovers(prefixes):
        if token not in busy:
            with contextlib.suppress(PrefixBusy, OSError), prefix_lock.hold(prefix, token):
                recovery.undo(prefix, token)
