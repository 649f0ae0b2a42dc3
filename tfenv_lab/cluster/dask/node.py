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
#: Number of bytes that must stay free on the disk of a worker that takes packages from others.
RESERVE = 1_000_000_000


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


#: Number of bytes of output to keep until they are asked for.
LARGEST = 100_000


def _started_with() -> dict[str, str]:
    """Return the variables for another process: those that the worker was started with.

    Those with which Dask keeps the libraries of a worker to one thread (OMP_NUM_THREADS and others) are not for it.
    """
    import dask

    threads = dask.config.get("distributed.nanny.pre-spawn-environ", {})
    return {key: value for key, value in original_environ().items() if str(threads.get(key)) != value}


async def carry_out(
    order: bytes, token: str, patience: float | None = None, dask_worker: Any = None
) -> tuple[int, bytes, str]:
    """Let a process carry out an order. Return its exit status, its answer, and the end of its output.

    With ``patience``, the process ends if nobody has asked for its output for so many seconds.
    """
    import asyncio
    import contextlib
    import os
    import sys
    import time
    import types

    # A worker that runs an environment has its variables, which are not for this process.
    environ = _started_with()
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
    running = types.SimpleNamespace(process=process, output=bytearray(), asked=time.monotonic())
    orders = dask_worker.__dict__.setdefault("tfenv_lab_orders", {})
    orders[token] = running

    async def collect() -> None:
        while part := await process.stderr.read(1 << 16):
            running.output += part
            del running.output[:-LARGEST]

    async def watch() -> None:
        while patience is not None and time.monotonic() - running.asked < patience:
            await asyncio.sleep(1)
        if patience is not None:
            process.stdin.close()

    watching = asyncio.ensure_future(watch())
    answer, collecting = b"", asyncio.ensure_future(collect())
    try:
        # It may end before it has read the order. The other end stays open: it also ends if this worker dies.
        with contextlib.suppress(ConnectionError):
            process.stdin.write(order + b"\n")
            await process.stdin.drain()
            answer = await process.stdout.read()
        await collecting
        return await process.wait(), answer, running.output.decode(errors="replace")
    finally:
        watching.cancel()
        orders.pop(token, None)
        process.stdin.close()


def take_output(token: str, dask_worker: Any = None) -> str:
    """Return the lines that the process of an order has written since they were last taken."""
    import time

    running = dask_worker.__dict__.get("tfenv_lab_orders", {}).get(token)
    if running is None:
        return ""
    running.asked = time.monotonic()
    end = running.output.rfind(b"\n") + 1
    taken = bytes(running.output[:end])
    del running.output[:end]
    return taken.decode(errors="replace")


async def cancel(token: str, dask_worker: Any = None) -> None:
    """End the process of an order, which never interrupts a swap."""
    running = dask_worker.__dict__.get("tfenv_lab_orders", {}).get(token)
    if running is not None:
        running.process.stdin.close()


def free_port(dask_worker: Any = None) -> int:
    """Return the number of a port of this machine that no program uses."""
    import socket

    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def fetch(order: bytes) -> bytes:
    """Return the bytes that an order to fetch asks for. This is a task. Raises OSError, with the reason."""
    import os
    import subprocess
    import sys

    python = os.environ.get(PYTHON) or sys.executable
    done = subprocess.run(  # noqa: S603 - our own code
        [python, "-m", "tfenv_lab.nodes"],
        input=order + b"\n",
        env=original_environ(),
        cwd=os.path.dirname(python) or None,  # noqa: PTH120
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise OSError(done.stderr.decode(errors="replace")[-2000:].strip())
    return done.stdout


def take(piece: bytes, position: int, token: str, total: int) -> str:
    """Write a piece of a stream of ``total`` bytes to its place, and return the directory. This is a task.

    Raises OSError if too little space would be left.
    """
    import os
    import shutil

    import distributed

    folder = shared_folder(distributed.get_worker(), token)
    os.makedirs(folder, mode=0o700, exist_ok=True)  # noqa: PTH103
    if shutil.disk_usage(folder).free < total + RESERVE:
        raise OSError(f"{folder} has too little free space.")
    descriptor = os.open(os.path.join(folder, "archives"), os.O_RDWR | os.O_CREAT, 0o600)  # noqa: PTH118
    with os.fdopen(descriptor, "r+b") as file:
        file.seek(position)
        file.write(piece)
    return folder


def shared_folder(worker: Any, token: str) -> str:
    """Return the directory of a worker for the pieces of a rollout. Dask deletes what is around it with the worker."""
    import os

    return os.path.join(os.path.abspath(worker.local_directory), f"tfenv-{token}")  # noqa: PTH100, PTH118


async def clear(token: str, dask_worker: Any = None) -> None:
    """Delete the pieces of a rollout."""
    import asyncio
    import shutil

    folder = shared_folder(dask_worker, token)
    await asyncio.get_running_loop().run_in_executor(None, lambda: shutil.rmtree(folder, ignore_errors=True))
