"""Run one rank of a training on this machine: a Python script in an environment, as a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import socket
import sys
import tempfile
from pathlib import Path

from msgspec import Struct

from ..errors import JobFailed
from ..jobs.process import end_children
from ..sentences import say
from .probing import environ_in, python_of

#: A number of ``prctl``.
_SET_CHILD_SUBREAPER = 36


class Rank(Struct, frozen=True):
    """One rank: the text of the script, the name of its file, its arguments, and ``TF_CONFIG``.

    TensorFlow listens on ``port``.
    """

    script: str
    file: str
    arguments: tuple[str, ...]
    config: str
    port: int


async def run(prefix: Path, rank: Rank) -> int:
    """Run a rank in the home directory, and return its exit status, which is negative if a signal ended it.

    Its output goes to the standard error of this process. Raises NotFound, or JobFailed if the port is taken.
    """
    python = await python_of(prefix)
    environ = {**await environ_in(prefix), "PYTHONUNBUFFERED": "1", "TF_CONFIG": rank.config}
    with tempfile.TemporaryDirectory(prefix="tfenv-rank-") as folder:
        # A file, and not a text on the command line, so that tracebacks show its lines and it can start processes.
        script = Path(folder) / (Path(rank.file).name or "script.py")
        script.write_text(rank.script, encoding="utf-8")
        _require_free(rank.port)
        _adopt()
        process = await asyncio.create_subprocess_exec(
            str(python),
            str(script),
            *rank.arguments,
            env=environ,
            # What the script writes under a relative path stays.
            cwd=Path.home(),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            stderr=sys.stderr.fileno(),
        )
        try:
            return await process.wait()
        finally:
            # Processes that it started end with it. All are in the group of the worker, so what kills that kills them.
            await asyncio.to_thread(end_children, os.getpid())


def _adopt() -> None:
    """Become the parent of processes whose parent dies, so that they are found. Only Linux can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _require_free(port: int) -> None:
    with contextlib.closing(socket.socket()) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError as error:
            raise JobFailed(
                say("Another program uses the port {port} of this machine.", port=port),
                str(error),
                say("Start the training again."),
            ) from error
