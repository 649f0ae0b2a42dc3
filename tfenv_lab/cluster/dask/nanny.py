"""What runs in the nanny of a Dask worker: it lets the worker start again from another Python.

It travels by value, so it needs only the standard library there. The process stays the same (its id, its limits, its
certificates): it executes ``python -m distributed.cli.dask_worker`` of the other Python with its own arguments.
"""

from __future__ import annotations

from typing import Any

from .node import NAME, PAST, PYTHON, changed, original_environ, past


def describe(dask_worker: Any = None) -> dict[str, Any]:
    """Return the prefix that a worker runs, its nanny, and why it cannot enter an environment, if it cannot."""
    import os
    import sys

    found = {"prefix": sys.prefix, "nanny": str(dask_worker.id), "obstacle": _obstacle(dask_worker)}
    return {**found, "inside": os.environ.get(NAME, ""), "previous": (past()["names"] or [None])[-1]}


def _arguments() -> list[str] | None:
    """Return the worker's own arguments, or None if it was not started by the command of workers."""
    import os
    import sys

    program = os.path.basename(sys.argv[0])  # noqa: PTH119
    if program in ("dask-worker", "dask_worker.py"):
        return sys.argv[1:]
    if program in ("dask", "__main__.py") and sys.argv[1:2] == ["worker"]:
        return sys.argv[2:]
    return None


def _obstacle(nanny: Any) -> str | None:
    import sys

    if sys.platform == "win32":
        return "Workers on Windows cannot be started again from another Python."
    if _arguments() is None:
        return "The worker was not started by the command “dask worker”, so it cannot be started again."
    if len(getattr(type(nanny), "_instances", ())) > 1:
        return "The worker shares its process with others (--nworkers). Start one process for each worker."
    return None


async def enter(name: str, dask_worker: Any = None) -> str | None:
    """Let a worker start again from the environment with this name, or from its own Python if the name is empty.

    Return None if it does so in a moment, otherwise the reason why it does not.
    """
    import asyncio
    import json
    import os

    obstacle = _obstacle(dask_worker)
    if obstacle is not None:
        return obstacle
    python, names, present = past()["python"], list(past()["names"]), os.environ.get(NAME, "")
    if name in names:
        # It goes back.
        names = names[: names.index(name)]
    elif name != present:
        names.append(present)
    environ = original_environ()
    if name:
        installer = environ.get(PYTHON) or python
        answer = await _activation(name, installer, environ)
        if isinstance(answer, str):
            return answer
        changes = {**answer["variables"], PYTHON: installer}
        # What the next one, or the way back, has to restore.
        kept = {"python": python, "changed": {key: environ.get(key) for key in changes}, "names": names}
        environ = changed(environ, {**changes, NAME: name, PAST: json.dumps(kept)})
        python = os.path.join(answer["prefix"], "bin", "python")  # noqa: PTH118
    if not os.access(python, os.X_OK):
        return f"{python} does not exist or cannot be run."
    # The answer must be on its way before the process becomes another one.
    asyncio.get_running_loop().call_later(0.2, _start_execution, dask_worker, python, environ)
    return None


async def _activation(name: str, installer: str, environ: dict[str, str]) -> Any:
    """Return the prefix of an environment and the variables of its activation, or a sentence about what is wrong.

    They are found on this machine and never leave it.
    """
    import asyncio
    import json
    import os

    order = {"verb": "activate", "lock": {"content": ""}, "name": name, "digest": ""}
    pipe = asyncio.subprocess.PIPE
    process: Any = await asyncio.create_subprocess_exec(
        installer,
        "-m",
        "tfenv_lab.nodes",
        env=environ,
        # Nothing from the worker's directory is imported.
        cwd=os.path.dirname(installer) or None,  # noqa: PTH120
        stdin=pipe,
        stdout=pipe,
        stderr=pipe,
    )
    process.stdin.write(json.dumps(order).encode() + b"\n")
    out, err = await asyncio.gather(process.stdout.read(), process.stderr.read())
    process.stdin.close()
    await process.wait()
    try:
        answer = json.loads(out.splitlines()[-1])
    except (IndexError, ValueError):
        return "The variables of the environment could not be found: " + err.decode(errors="replace")[-2000:]
    return answer["error"]["message"] if answer.get("error") else answer


def _start_execution(nanny: Any, python: str, environ: dict[str, str]) -> None:
    import asyncio

    # Somebody must hold the task until it ends.
    nanny.tfenv_lab_entering = asyncio.ensure_future(_execute(nanny, python, environ))


async def _execute(nanny: Any, python: str, environ: dict[str, str]) -> None:
    import os

    arguments = _arguments() or []
    status = nanny.status
    # So that the nanny does not start its worker again when that ends.
    nanny.status = type(status).closing
    try:
        await nanny.kill(reason="tfenv-lab-enter")
        os.execve(python, [python, "-m", "distributed.cli.dask_worker", *arguments], environ)  # noqa: S606
    except Exception:
        # The worker goes on with the Python that it had.
        nanny.status = status
        nanny.process = None
        await nanny.instantiate()
        raise


def count_running(dask_worker: Any = None) -> int:
    """Return the number of tasks that run in a worker. This runs in the worker itself."""
    return int(dask_worker.state.executing_count)


def resume(dask_worker: Any = None) -> None:
    """Let a drained worker take tasks again. This runs in the worker itself."""
    status = dask_worker.status
    if status.name == "closing_gracefully":
        dask_worker.status = type(status).running
