"""Install the ``pip:`` section of an imported file."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ...errors import JobFailed
from ...processes import module_arguments, without_python_variables
from ..prefix.state import interpreter
from . import relocation

#: Number of lines of pip's output in the error if pip fails.
_TAIL = 30
#: Variables that would make pip use files outside the environment.
_ELSEWHERE = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_PYTHON")


def install(staged: Path, prefix: Path, requirements: Sequence[str], owned: Iterable[str]) -> None:
    """Install ``requirements`` into the environment in ``staged``, which will be moved to ``prefix``.

    pip's own configuration chooses the index. ``owned`` are the paths in conda's records. Raises JobFailed with the end
    of pip's output if pip fails.
    """
    command = [
        str(interpreter(staged)), *module_arguments("pip"), "install", "--no-input", "--disable-pip-version-check",
        "--no-warn-script-location", "--no-compile", "--progress-bar=off", "--", *requirements,
    ]  # fmt: skip
    done = subprocess.run(  # noqa: S603 - requirements are names and versions, after the end of the options
        command,
        env=_variables(staged, os.environ),
        cwd=staged,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    output = done.stdout.decode(errors="replace")
    # Standard output is the worker's pipe to its server, so print to the log.
    print(output, file=sys.stderr, flush=True)
    if done.returncode:
        tail = "\n".join(output.splitlines()[-_TAIL:]).replace(str(staged), str(prefix))
        raise JobFailed(f"pip could not install {', '.join(requirements)[:200]}. Nothing was changed.", tail)
    relocation.rewrite(staged, staged, prefix, list(relocation.not_owned(staged, set(owned))))


def _variables(staged: Path, outer: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in without_python_variables(outer).items() if name not in _ELSEWHERE}
    path = os.pathsep.join((str(interpreter(staged).parent), outer.get("PATH", os.defpath)))
    return {**kept, "PATH": path, "PYTHONNOUSERSITE": "1", "PIP_REQUIRE_VIRTUALENV": "0"}
