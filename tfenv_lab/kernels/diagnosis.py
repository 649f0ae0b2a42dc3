"""Why a kernel of ours cannot start, in words for the person who opened the notebook."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template
from typing import TYPE_CHECKING

from ..conda.prefix.state import fingerprint
from ..disk.reads import BoundedReads
from . import kernelspecs

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec

#: Seconds after which an interpreter that does not end is left to itself: the kernel may still start.
LIMIT = 20.0

#: States of environments whose kernel was found able to start, so that each is tried once.
_proved: dict[str, str] = {}


async def reason(spec: KernelSpec, base: Mapping[str, str] = os.environ) -> str | None:
    """Return a sentence or two where the kernel cannot start, None where nothing speaks against it.

    Only kernelspecs of ours are looked at. A Python kernel is tried with its imports, once for each state
    of its environment (about 0.3 s). ``base`` is the server's environment.
    """
    mark = kernelspecs.Kernelspec("", Path(), spec.to_dict()).mark
    if mark is None:
        return None
    prefix, program = Path(mark["prefix"]), Path(spec.argv[0])
    found = (await _looks.gather([(prefix, program)]))[prefix, program]
    if not isinstance(found, str):
        return _away(prefix)
    if found or "ipykernel_launcher" not in spec.argv:
        return found or None
    state = await asyncio.to_thread(fingerprint, prefix)
    if _proved.get(str(prefix)) == state:
        return None
    found = await _tried(prefix, program, {**base, **_filled(spec.env, base)})
    if found is None:
        _proved[str(prefix)] = state
    return found


def _filled(variables: Mapping[str, str], base: Mapping[str, str]) -> dict[str, str]:
    return {name: Template(value).safe_substitute(base) for name, value in variables.items()}


def _away(prefix: Path) -> str:
    return f"The environment {prefix} cannot be reached; perhaps a network drive is away. Choose another kernel."


def _missing(place: tuple[Path, Path]) -> str:
    """Return what is wrong with a prefix and its program as far as the files tell, "" where nothing is."""
    prefix, program = place
    if not prefix.parent.is_dir():
        return _away(prefix)
    if not (prefix / "conda-meta").is_dir():
        return f"The environment {prefix} was removed. Choose another kernel, or make the environment again."
    if not os.access(program, os.X_OK):
        return (
            f"The environment {prefix} is damaged: its program {program} is missing or cannot be started. "
            "Go back to an earlier revision of it, or make it again."
        )
    return ""


#: What does not answer in time is away, and the notebook's user is told.
_looks = BoundedReads(_missing)


async def _tried(prefix: Path, program: Path, env: Mapping[str, str]) -> str | None:
    """Import what the kernel will import; return what stands against it."""
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            "-c",
            "import ipykernel.kernelapp",
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except OSError as error:
        return (
            f"The Python of the environment {prefix} cannot be started: {error.strerror}. Make the environment again."
        )
    try:
        _, output = await asyncio.wait_for(process.communicate(), LIMIT)
    except asyncio.TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()
        return None
    if process.returncode == 0:
        return None
    lines = [line for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
    last = lines[-1].strip() if lines else f"it ended with status {process.returncode}"
    if re.search(r"No module named '?ipykernel\b", last):
        return (
            f"ipykernel is not installed in the environment {prefix} any more, so it cannot run notebooks. "
            "Install the package ipykernel in it, or choose another kernel."
        )
    return (
        f"The kernel of the environment {prefix} cannot start: {last}. "
        "Go back to an earlier revision of the environment, or update the package that is named."
    )
