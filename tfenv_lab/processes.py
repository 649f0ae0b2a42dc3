"""Child processes: how to end them, and the variables that they start with."""

from __future__ import annotations

import contextlib
import os
import signal
import string
import sys
from collections.abc import Mapping
from typing import Protocol


class Process(Protocol):
    """A child, of ``subprocess`` or of ``asyncio``."""

    @property
    def pid(self) -> int: ...

    def kill(self) -> None: ...


def kill_group(process: Process) -> None:
    """Kill a child that leads its own session, with its whole process group. Do nothing if it has ended."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if sys.platform == "win32":
            process.kill()
        else:
            os.killpg(process.pid, signal.SIGKILL)


def with_kernel_variables(variables: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment with a kernelspec's ``env`` laid over it, as jupyter_client does it."""
    return {**environ, **{name: string.Template(value).safe_substitute(environ) for name, value in variables.items()}}
