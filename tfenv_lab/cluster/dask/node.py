"""What runs in a Dask worker. It travels by value, so it needs only the standard library there.

The work itself is done by a process of its own, so neither the event loop nor the memory of the worker is concerned.
"""

from __future__ import annotations

from typing import Any

#: The variable that names a Python with tfenv_lab, if that of the worker has none.
PYTHON = "TFENV_LAB_PYTHON"


async def carry_out(order: bytes, token: str, dask_worker: Any = None) -> tuple[int, bytes, str]:
    """Let a process carry out an order. Return its exit status, its answer, and the end of its output."""
    import asyncio
    import os
    import sys

    python = os.environ.get(PYTHON) or sys.executable
    process: Any = await asyncio.create_subprocess_exec(
        python,
        "-m",
        "tfenv_lab.nodes",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
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
