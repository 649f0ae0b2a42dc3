"""Child processes: how to end them, the variables that they start with, and what a Python among them can import."""

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


#: As ``python -m NAME``, but the current directory is not on the path. Only Python 3.11 and newer have ``-P`` for this.
_RUN_MODULE = """
import sys
sys.path[0] or sys.path.pop(0)
import runpy
runpy.run_module(sys.argv.pop(1), run_name="__main__", alter_sys=True)
"""


def module_arguments(name: str) -> list[str]:
    """Return the arguments with which any Python runs a module, without the user's files in the current directory."""
    return ["-c", _RUN_MODULE, name]


def without_python_variables(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment without the variables that change what a Python imports, or how it starts."""
    return {name: value for name, value in environ.items() if not name.startswith("PYTHON")}


def with_kernel_variables(variables: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return an environment with a kernelspec's ``env`` laid over it, as jupyter_client does it."""
    return {**environ, **{name: string.Template(value).safe_substitute(environ) for name, value in variables.items()}}
