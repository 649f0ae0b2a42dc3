"""Say why a worker died without a result."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

from ..conda.transaction.engaged import HINT, Engagement
from ..errors import JobFailed
from ..sentences import say

#: Signals that a program gets because of its own fault. Others come from another process or from the operating system.
_CRASHES = frozenset(("SIGABRT", "SIGBUS", "SIGFPE", "SIGILL", "SIGSEGV", "SIGSYS", "SIGTRAP"))


@dataclass(frozen=True)
class Death:
    """How a worker died: its exit status, what it was working on, and the end of its output."""

    status: int
    engagement: Engagement
    output: str

    @property
    def error(self) -> JobFailed:
        """The error of the job."""
        while_, name = self.engagement.clause, _signal(self.status)
        details = self.output.strip() or None
        if not self.is_crash:
            hint = say("Try again.")
            if name == "SIGKILL":
                hint = say("If this machine is short of memory, shut down kernels or other programs. Then try again.")
            told = say(
                "Another process or the operating system stopped the job ({name}){time}. Nothing was changed.",
                name=name,
                time=while_,
            )
            return JobFailed(told, details, hint)
        cause = name or say("exit status {status}", status=self.status)
        hint = HINT if self.engagement.packages else say("Try again. If it fails again, see the job's log.")
        return JobFailed(
            say("The job crashed ({cause}){time}. Nothing was changed.", cause=cause, time=while_), details, hint
        )

    @property
    def state(self) -> Literal["failed", "interrupted"]:
        """The state of the job."""
        return "failed" if self.is_crash else "interrupted"

    @property
    def is_crash(self) -> bool:
        """Whether the worker died because of its own fault."""
        name = _signal(self.status)
        return name is None or name in _CRASHES


def _signal(status: int) -> str | None:
    """Return the name of the signal that ended a process, or None if it ended by itself."""
    if status >= 0:
        return None
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"
