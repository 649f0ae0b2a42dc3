"""Run uv."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import ChannelUnreachable, JobFailed, NoSpace, TfenvError, Unsatisfiable
from ..processes import kill_group, without_python_variables
from .models import IndexSettings


async def run(arguments: Sequence[str], settings: IndexSettings, *, cwd: Path, timeout: float) -> str:
    """Run uv and return its output."""
    from uv import find_uv_bin

    process = await asyncio.create_subprocess_exec(
        find_uv_bin(),
        *arguments,
        cwd=cwd,
        env={**without_python_variables(), **settings.variables},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), timeout)
    except (asyncio.TimeoutError, asyncio.CancelledError):
        kill_group(process)
        raise
    text = output.decode(errors="replace")
    if process.returncode:
        if "error sending request" in text or "Failed to fetch" in text:
            raise ChannelUnreachable("The package index did not answer.", text)
        raise Unsatisfiable("The package index has no solution.", text)
    return text


def run_here(
    arguments: Sequence[str],
    settings: IndexSettings,
    *,
    cwd: Path,
    on_line: Callable[[str], None] = lambda line: None,
) -> None:
    """Run uv in a worker, and block until it has ended. Its output goes to the log."""
    from uv import find_uv_bin

    lines = []
    with subprocess.Popen(  # noqa: S603 - the arguments are ours
        [find_uv_bin(), *arguments],
        cwd=cwd,
        env={**without_python_variables(), **settings.variables},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            print(line, end="", file=sys.stderr, flush=True)
            lines.append(line)
            on_line(line.strip())
    if process.returncode:
        raise _error("".join(lines))


def _error(output: str) -> TfenvError:
    if "No space left on device" in output or "Disk quota exceeded" in output:
        return NoSpace("The disk filled up while packages from the package index were installed.", output)
    if "error sending request" in output or "Failed to fetch" in output or "Failed to download" in output:
        return ChannelUnreachable("The package index did not answer.", output)
    return JobFailed("uv could not install the packages from the package index.", output)
