"""Say why a worker died without a result."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import Literal

from ..conda.transaction.engaged import HINT, Engagement
from ..errors import JobFailed

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
            hint = "Try again."
            if name == "SIGKILL":
                hint = "If this machine is short of memory, shut down kernels or other programs. Then try again."
            told = f"Another process or the operating system stopped the job ({name}){while_}. Nothing was changed."
            return JobFailed(told, details, hint)
        cause = name or f"exit status {self.status}"
        hint = HINT if self.engagement.packages else "Try again. If it fails again, see the job's log."
        return JobFailed(f"The job crashed ({cause}){while_}. Nothing was changed.", details, hint)

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
