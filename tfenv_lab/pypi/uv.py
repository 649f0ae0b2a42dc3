"""Run uv."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from ..errors import ChannelUnreachable, Unsatisfiable
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
