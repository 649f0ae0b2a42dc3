"""Find out whether a worker can run an environment and TensorFlow in it, and the variables with which it does."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import JobFailed, NotFound
from ..processes import kill_group
from ..sentences import say

if TYPE_CHECKING:
    from ..tensorflow.checks.models import Check

#: Seconds that the imports may take.
_LIMIT = 300.0

#: What the Python of the environment runs. A worker needs distributed; TensorFlow is imported if it is there.
_PROBE = """
import importlib, importlib.util, json, platform
versions = {"python": platform.python_version()}
for name in ("distributed", "tensorflow"):
    if name == "distributed" or importlib.util.find_spec(name):
        versions[name] = str(getattr(importlib.import_module(name), "__version__", ""))
print(json.dumps(versions))
"""


async def activation(prefix: Path) -> dict[str, str | None]:
    """Return the variables that activation sets in a process like this one, and with None those that it unsets."""
    from ..conda.prefix.activation import activate

    found = await asyncio.to_thread(activate, prefix)
    return {**found.variables, **dict.fromkeys(found.unset)}


async def python_of(prefix: Path) -> Path:
    """Return the Python of an environment that a rollout brought here. Raises NotFound if it is not here."""
    from ..conda.prefix.state import interpreter

    if not await asyncio.to_thread((prefix / "conda-meta").is_dir):
        raise NotFound(
            say("The worker does not have the environment {name}.", name=prefix.name),
            hint=say("Bring it there with a rollout first."),
        )
    python = interpreter(prefix)
    if not await asyncio.to_thread(python.exists):
        raise NotFound(say("{prefix} has no Python.", prefix=prefix))
    return python


async def environ_in(prefix: Path) -> dict[str, str]:
    """Return the variables of a process in an environment that is activated."""
    changes = await activation(prefix)
    environ = {**os.environ, **{name: value for name, value in changes.items() if value is not None}}
    for name in (name for name, value in changes.items() if value is None):
        environ.pop(name, None)
    return environ


async def probe(prefix: Path) -> dict[str, str]:
    """Import what a worker needs inside the environment, and return the versions. Raises NotFound or JobFailed."""
    python = await python_of(prefix)
    process: Any = await asyncio.create_subprocess_exec(
        str(python),
        "-c",
        _PROBE,
        env=await environ_in(prefix),
        # Nothing from the current directory is imported.
        cwd=str(prefix / "conda-meta"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), _LIMIT)
    except (TimeoutError, asyncio.TimeoutError) as error:
        raise JobFailed(
            say("The imports in {prefix} took longer than {seconds} seconds.", prefix=prefix, seconds=f"{_LIMIT:g}")
        ) from error
    finally:
        kill_group(process)
    try:
        versions: dict[str, str] = json.loads(out.splitlines()[-1])
    except (IndexError, ValueError) as error:
        output = err.decode(errors="replace")[-2000:]
        raise JobFailed(
            say("A worker cannot run in {prefix}, because the imports that it needs fail.", prefix=prefix), output
        ) from error
    return versions


async def check(prefix: Path) -> Check:
    """Run TensorFlow in an environment, and return its problems. Raises NotFound."""
    from ..conda.machine import virtual_packages
    from ..conda.prefix.activation import environment_variables
    from ..tensorflow.checks.check import check
    from ..tensorflow.checks.evidence import Subject

    await python_of(prefix)
    variables = await asyncio.to_thread(environment_variables, prefix)
    cuda = await asyncio.to_thread(virtual_packages.usable_cuda)
    return await check(Subject(prefix, "", variables, cuda=cuda))
