"""What runs in a Dask worker. It travels by value, so it needs only the standard library there.

The work itself is done by a process of its own, so neither the event loop nor the memory of the worker is concerned.
"""

from __future__ import annotations

from typing import Any

#: The variable that names a Python with tfenv_lab, if that of the worker has none.
PYTHON = "TFENV_LAB_PYTHON"
#: The variable with what a worker was before: the Python and the variables that it was started with, and the names of
#: the environments that it ran, where "" stands for the Python that it was started with.
PAST = "TFENV_LAB_WORKER"
#: The variable with the name of the environment that a worker runs.
NAME = "TFENV_LAB_NAME"


def past() -> dict[str, Any]:
    """Return what this worker was before it ran the present environment."""
    import json
    import os
    import sys

    return {"python": sys.executable, "changed": {}, "names": [], **json.loads(os.environ.get(PAST) or "{}")}


def changed(environ: Any, changes: dict[str, str | None]) -> dict[str, str]:
    """Return variables with some of them changed; None stands for one that is unset."""
    after = {**environ, **changes}
    return {key: value for key, value in after.items() if value is not None}


def original_environ() -> dict[str, str]:
    """Return the variables that the worker was started with, before it ran an environment."""
    import os

    return changed(os.environ, {**past()["changed"], PAST: None, NAME: None})


async def carry_out(order: bytes, token: str, dask_worker: Any = None) -> tuple[int, bytes, str]:
    """Let a process carry out an order. Return its exit status, its answer, and the end of its output."""
    import asyncio
    import os
    import sys

    # A worker that runs an environment has its variables, which are not for the installation.
    environ = original_environ()
    python = os.environ.get(PYTHON) or sys.executable
    process: Any = await asyncio.create_subprocess_exec(
        python,
        "-m",
        "tfenv_lab.nodes",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environ,
        # Nothing from the worker's directory is imported.
        cwd=os.path.dirname(python) or None,  # noqa: PTH120
    )
    running = dask_worker.__dict__.setdefault("tfenv_lab_orders", {})
    running[token] = process
    try:
        # The other end stays open: the process ends if this worker dies.
        process.stdin.write(order + b"\n")
        await process.stdin.drain()
        answer, output = await asyncio.gather(process.stdout.read(), process.stderr.read())
        return await process.wait(), answer, output.decode(errors="replace")[-2000:]
    except ConnectionError:
        # It ended before it had read the order.
        output = await process.stderr.read()
        return await process.wait(), b"", output.decode(errors="replace")[-2000:]
    finally:
        running.pop(token, None)
        process.stdin.close()


async def cancel(token: str, dask_worker: Any = None) -> None:
    """End the process of an order, which never interrupts a swap."""
    process = dask_worker.__dict__.get("tfenv_lab_orders", {}).get(token)
    if process is not None:
        process.stdin.close()
