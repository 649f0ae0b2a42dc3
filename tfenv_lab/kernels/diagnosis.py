"""Find out why one of our kernels cannot start, and say it to the user of the notebook."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..conda.prefix.state import fingerprint
from ..disk.reads import BoundedReads
from ..processes import with_kernel_variables, without_python_variables
from ..sentences import say
from . import kernelspecs

if TYPE_CHECKING:
    from jupyter_client.kernelspec import KernelSpec

#: Seconds after which the test of an interpreter is stopped; the kernel may still start.
LIMIT = 20.0

#: Fingerprints, by prefix, under which a kernel proved able to start, so that each is tested once.
proved: dict[str, str] = {}


async def reason(spec: KernelSpec, base: Mapping[str, str] = os.environ) -> str | None:
    """Return one or two sentences if the kernel cannot start, or None if no reason was found.

    Looks only at our own kernelspecs. Tests the imports of a Python kernel once for each fingerprint of its environment
    (about 0.3 s). ``base`` holds the server's environment variables.
    """
    mark = _mark(spec)
    found = await missing(spec)
    if mark is None or found is not None or "ipykernel_launcher" not in spec.argv:
        return found
    prefix, program = Path(mark["prefix"]), Path(spec.argv[0])
    state = await asyncio.to_thread(fingerprint, prefix)
    if proved.get(str(prefix)) == state:
        return None
    found = await _tried(prefix, program, with_kernel_variables(spec.env, base))
    if found is None:
        proved[str(prefix)] = state
    return found


async def missing(spec: KernelSpec) -> str | None:
    """Return a sentence if the files of one of our kernels are missing or cannot be reached, or None.

    Runs nothing. Waits at most a few seconds for a drive.
    """
    mark = _mark(spec)
    if mark is None:
        return None
    place = (Path(mark["prefix"]), Path(spec.argv[0]))
    found = (await _looks.gather([place]))[place]
    return (found or None) if isinstance(found, str) else _away(place[0])


def _mark(spec: KernelSpec) -> dict[str, Any] | None:
    return kernelspecs.Kernelspec("", Path(), spec.to_dict()).mark


def _away(prefix: Path) -> str:
    return say(
        "The environment {prefix} cannot be reached. A network drive may be unavailable. Select another kernel.",
        prefix=prefix,
    )


def _missing(place: tuple[Path, Path]) -> str:
    """Return what the files show to be wrong with a prefix and its program, or "" if nothing is."""
    prefix, program = place
    if not prefix.parent.is_dir():
        return _away(prefix)
    if not (prefix / "conda-meta").is_dir():
        return say(
            "The environment {prefix} was deleted. Select another kernel, or create the environment again.",
            prefix=prefix,
        )
    if not os.access(program, os.X_OK):
        return say(
            "The environment {prefix} is damaged: its program {program} is missing or cannot be "
            "started. Revert the environment to an earlier revision, or create it again.",
            prefix=prefix,
            program=program,
        )
    return ""


#: A drive that does not answer in time counts as unavailable.
_looks = BoundedReads(_missing)


async def _tried(prefix: Path, program: Path, env: Mapping[str, str]) -> str | None:
    """Import the module that the kernel will import. Return why that fails, or None if it does not."""
    # PYTHONINSPECT would hide the exit status.
    env = {name: value for name, value in env.items() if name != "PYTHONINSPECT"}
    try:
        last = await _failure(prefix, program, env)
        if last is None:
            return None
        for elsewhere, remedy in _without_elsewhere(env):
            if await _failure(prefix, program, elsewhere) is None:
                return say(
                    "The kernel of the environment {prefix} cannot start: {last}. The cause is "
                    "outside the environment. {remedy}",
                    prefix=prefix,
                    last=last,
                    remedy=remedy,
                )
    except OSError as error:
        return say(
            "The Python of the environment {prefix} cannot be started: {strerror}. Create the environment again.",
            prefix=prefix,
            strerror=error.strerror,
        )
    if re.search(r"No module named '?ipykernel\b", last):
        return say(
            "The environment {prefix} cannot run notebooks, because ipykernel is not installed "
            "in it anymore. Install ipykernel in the environment, or select another kernel.",
            prefix=prefix,
        )
    return say(
        "The kernel of the environment {prefix} cannot start: {last}. Revert the environment to "
        "an earlier revision, or update the package that the error names.",
        prefix=prefix,
        last=last,
    )


def _without_elsewhere(env: Mapping[str, str]) -> Iterator[tuple[dict[str, str], str]]:
    """Yield variables with which Python imports less from outside the environment, and the remedy if they help."""
    no_user_site = {"PYTHONNOUSERSITE": "1"}
    if "PYTHONNOUSERSITE" not in env:
        remedy = say("Let the kernel ignore the packages that “pip install --user” installed (Kernel Settings).")
        yield {**env, **no_user_site}, remedy
    names = [name for name in ("PYTHONPATH", "PYTHONHOME") if env.get(name)]
    if names:
        yield (
            without_python_variables(env) | no_user_site,
            say("Unset {names} before you start JupyterLab.", names=" and ".join(names)),
        )


async def _failure(prefix: Path, program: Path, env: Mapping[str, str]) -> str | None:
    """Return the last line of the error with which the import fails, or None if it does not. Raises OSError."""
    process = await asyncio.create_subprocess_exec(
        program,
        "-c",
        "import ipykernel.kernelapp",
        # With “-c”, Python also imports from the current directory, which ipykernel_launcher takes off the path.
        # This one holds no modules.
        cwd=prefix / "conda-meta",
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
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
    return lines[-1].strip() if lines else say("Python exited with status {returncode}", returncode=process.returncode)
