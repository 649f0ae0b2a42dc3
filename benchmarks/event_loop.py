"""The longest time for which the server's event loop is blocked while it creates, updates, copies and reverts."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .measure import Measure
from .transactions import channel, releases

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

#: Seconds between two readings of the clock.
TICK = 0.002
LIMIT = 0.05


@contextlib.asynccontextmanager
async def _longest() -> AsyncIterator[list[float]]:
    """Measure the longest delay of the event loop in seconds; the list holds it after the block has ended."""
    found: list[float] = []

    async def tick() -> None:
        worst = 0.0
        try:
            while True:
                begun = time.perf_counter()
                await asyncio.sleep(TICK)
                worst = max(worst, time.perf_counter() - begun - TICK)
        finally:
            found.append(worst)

    ticking = asyncio.ensure_future(tick())
    await asyncio.sleep(0.05)
    try:
        yield found
    finally:
        ticking.cancel()
        await asyncio.wait({ticking})


def measures() -> Iterator[Measure]:
    """Yield the gaps in milliseconds, compared with the gap that two busy processes cause in an idle server."""
    url = channel()
    older, newer = releases(url)
    folder = Path(tempfile.mkdtemp(prefix="tfenv-benchmark-"))
    program = [sys.executable, "-m", __name__, url, older, newer]
    try:
        done = subprocess.run(
            program, env={**os.environ, "HOME": str(folder)}, stdout=subprocess.PIPE, check=True, text=True
        )
        gaps: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    floor = gaps.pop("at rest")
    for name, gap in gaps.items():
        yield Measure(f"longest gap: {name}", 1000 * gap, "ms", 1000 * floor, "two busy processes", 1000 * LIMIT)


async def _measure(app: ServerApp, older: str, newer: str) -> dict[str, float]:
    from tornado.httpclient import AsyncHTTPClient, HTTPRequest

    client = AsyncHTTPClient()

    async def call(method: str, path: str, body: Any = None) -> Any:
        request = HTTPRequest(
            f"{app.connection_url}tfenv-lab/{path}",
            method=method,
            headers={"Authorization": f"token {app.identity_provider.token}"},
            body=None if body is None else json.dumps(body),
            request_timeout=600,
        )
        return json.loads((await client.fetch(request)).body)

    async def apply(**request: Any) -> Any:
        plan = await call("POST", "plans", request)
        job = await call("POST", "jobs", {"plan": plan["id"]})
        while job["state"] in ("queued", "running"):
            await asyncio.sleep(0.2)
            job = await call("GET", f"jobs/{job['id']}")
        if job["state"] != "succeeded":
            raise RuntimeError(job["error"])
        return job

    gaps = {}
    await call("GET", "tensorflow")
    await call("GET", "environments")
    async with _longest() as found:
        busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2)]
        await asyncio.sleep(3)
        for process in busy:
            process.kill()
            process.wait()
    gaps["at rest"] = found[0]
    environment = ""
    for name, request in (
        ("create", {"kind": "create", "name": "tf", "tensorflow": f"{older}.*", "packages": []}),
        ("update", {"kind": "update", "packages": ["tensorflow"]}),
        ("clone", {"kind": "clone", "name": "copy"}),
        ("revert", {"kind": "revert", "revision": 0}),
    ):
        async with _longest() as found:
            job = await apply(**({**request, "environment": environment} if environment else request))
        gaps[name] = found[0]
        environment = environment or job["environment"]
    return gaps


def main(url: str, older: str, newer: str) -> None:
    """Run a server with the extension, measure in its event loop, and print the gaps as JSON."""
    from jupyter_server.serverapp import ServerApp

    home = Path.home()
    app = ServerApp()
    app.initialize(
        [
            "--no-browser", "--allow-root", "--port=0", "--ip=127.0.0.1", f"--ServerApp.root_dir={home}",
            f"--IdentityProvider.token={secrets.token_hex(16)}", "--ServerApp.jpserver_extensions=tfenv_lab=True",
            f"--TfenvLab.channels={url}", "--log-level=ERROR",
        ]
    )  # fmt: skip
    gaps: dict[str, float] = {}

    async def run() -> None:
        try:
            gaps.update(await _measure(app, older, newer))
        finally:
            app.io_loop.add_callback(app.io_loop.stop)

    app.io_loop.add_callback(run)
    app.start()
    print(json.dumps(gaps))


if __name__ == "__main__":
    main(*sys.argv[1:])
