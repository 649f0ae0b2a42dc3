"""Find out whether a worker can run an environment, and the variables with which it does."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

from ..errors import JobFailed, NotFound
from ..processes import kill_group

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


async def probe(prefix: Path) -> dict[str, str]:
    """Import what a worker needs inside the environment, and return the versions. Raises NotFound or JobFailed."""
    from ..conda.prefix.state import interpreter

    python = interpreter(prefix)
    if not await asyncio.to_thread(python.exists):
        raise NotFound(f"{prefix} has no Python.")
    changes = await activation(prefix)
    environ = {**os.environ, **{name: value for name, value in changes.items() if value is not None}}
    for name in (name for name, value in changes.items() if value is None):
        environ.pop(name, None)
    process: Any = await asyncio.create_subprocess_exec(
        str(python),
        "-c",
        _PROBE,
        env=environ,
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
        raise JobFailed(f"The imports in {prefix} took longer than {_LIMIT:g} seconds.") from error
    finally:
        kill_group(process)
    try:
        versions: dict[str, str] = json.loads(out.splitlines()[-1])
    except (IndexError, ValueError) as error:
        output = err.decode(errors="replace")[-2000:]
        raise JobFailed(f"A worker cannot run in {prefix}, because the imports that it needs fail.", output) from error
    return versions
