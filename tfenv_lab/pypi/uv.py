"""Run uv."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from ..disk import faults
from ..errors import ChannelUnreachable, JobFailed, TfenvError, Unsatisfiable, UnusableDirectory
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
        raise _known(text) or Unsatisfiable("The package index has no solution.", text)
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
    if "Failed to download" in output:
        return ChannelUnreachable("The package index did not answer.", output)
    return _known(output) or JobFailed("uv could not install the packages from the package index.", output)


#: What uv says of a cache that it cannot lock or write; it names the file.
_CACHE = re.compile(
    r"(failed to lock|Failed to initialize cache|failed to (?:create directory|open file|write to file)).*", re.DOTALL
)
_PATH = re.compile(r"`(?P<path>/[^`\n]+?)(?:/\.lock)?`")


def _known(output: str) -> TfenvError | None:
    """Return the error for a full disk, a cache that cannot be used, or an index that does not answer, or None."""
    if faults.is_full(output):
        return faults.no_space(output, "Packages from the package index need more space. Nothing was changed.")
    cache = _CACHE.search(output)
    path = _PATH.search(cache[0]) if cache else None
    if path is not None:
        return UnusableDirectory(
            f"uv's cache {path['path']} cannot be used. Nothing was changed.",
            output,
            hint="Set UV_CACHE_DIR to a directory in which files can be written and locked, and restart Jupyter.",
        )
    if "error sending request" in output or "Failed to fetch" in output:
        return ChannelUnreachable("The package index did not answer.", output)
    return None
