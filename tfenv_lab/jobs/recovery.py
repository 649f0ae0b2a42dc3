"""What servers that died left: whose jobs still run, and clearing away what the others had begun."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import psutil

from ..errors import PrefixBusy
from .models import Job


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
