"""Turn what a worker reports into the state of its job."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

from ..conda.transaction.engaged import Engagement
from ..conda.transaction.staging import Leftover
from ..models import Advice
from ..sentences import say
from .messages import (
    Failed,
    LeftBehind,
    Message,
    NodesChanged,
    Noticed,
    PhaseBegun,
    ProgressMade,
    Succeeded,
    Waiting,
    WorkingOn,
)
from .models import PHASES, Job


class WorkerReports:
    """Receiver of a worker's messages. Until the result, they change the job.

    ``engagement`` is what the worker was working on last, ``leftovers`` what it could not delete, and ``notices`` what
    it noticed in the new environment. ``last`` is done as soon as there is a result.
    """

    def __init__(self, job: Callable[[], Job], update: Callable[[Job], None]) -> None:
        """Get the job from ``job``, and pass the changed one to ``update``. Needs a running event loop."""
        self._job, self._update = job, update
        self.engagement = Engagement()
        self.leftovers: list[Leftover] = []
        self.notices: list[Advice] = []
        self.last: asyncio.Future[Succeeded | Failed] = asyncio.get_running_loop().create_future()

    def receive(self, message: Message) -> None:
        """Receive one message."""
        is_open = not self.last.done()
        match message:
            case LeftBehind(leftover):
                self.leftovers.append(leftover)
            case WorkingOn(found):
                self.engagement = found
            case Waiting(text, server) if is_open:
                self._update(replace(self._job(), message=text, waiting_for=server))
            case PhaseBegun(name) if is_open:
                self._update(replace(self._job(), phase=name, message=PHASES[name], waiting_for=None))
            case NodesChanged(nodes, done) if is_open:
                text = say("{done} of {count} workers", done=done, count=len(nodes))
                self._update(replace(self._job(), nodes=nodes, message=text))
            case Noticed(advice):
                self.notices.append(advice)
            case ProgressMade(progress) if is_open:
                self._update(replace(self._job(), progress=progress))
            case Succeeded() | Failed() if is_open:
                self.last.set_result(message)
            case _:
                pass
