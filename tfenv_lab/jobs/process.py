"""One worker process, as the server sees it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

#: Bytes of one line: a lock of many packages goes in, a check's output comes out.
LINE = 64 * 1024 * 1024


class WorkerProcess:
    """Starts a worker, gives it its order, and hands on what it says. It can be ended at any moment."""

    def __init__(self, log: Callable[[str], None]) -> None:
        self._log = log
        self._process: asyncio.subprocess.Process | None = None

    async def run(self, order: dict[str, Any]) -> AsyncIterator[dict[str, Any]]:
        """Yield the worker's messages until it ends; one that dies without a last word yields nothing more."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tfenv_lab.jobs.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LINE,
            # Its own process group: what it starts (compilers, interpreters) ends with it.
            start_new_session=True,
        )
        self._process = process
        if process.stdin is None or process.stdout is None or process.stderr is None:  # for the type checker
            raise RuntimeError("the worker has no pipes")
        logging = asyncio.ensure_future(self._copy_log(process.stderr))
        try:
            process.stdin.write(json.dumps(order).encode() + b"\n")
            with contextlib.suppress(ConnectionError):
                await process.stdin.drain()
            while line := await process.stdout.readline():
                try:
                    message = json.loads(line)
                except ValueError:
                    self._log(line.decode(errors="replace"))
                    continue
                yield message
            await process.wait()
        finally:
            self.kill()
            await process.wait()
            await logging

    @property
    def returncode(self) -> int | None:
        """The exit status, negative for a signal; None while it runs."""
        return self._process.returncode if self._process else None

    def kill(self) -> None:
        """End the worker and all it started, at once. Nothing happens where it has ended."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            if sys.platform == "win32":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)

    async def _copy_log(self, stream: asyncio.StreamReader) -> None:
        while chunk := await stream.read(65536):
            await asyncio.to_thread(self._log, chunk.decode(errors="replace"))
