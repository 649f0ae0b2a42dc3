"""Compile the Python files of a tree, as conda-build does for packages of one Python version."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

from ..errors import JobFailed
from ..processes import without_python_variables
from ..sentences import say
from .interpreter import Interpreter

#: 2000-01-01 UTC, in seconds since 1970.
_EPOCH = 946_684_800
#: Number of sources from which a second process saves more time than it takes to start.
_MANY = 500


def file_time(fingerprint: str) -> int:
    """Return the modification time of a package's files, in seconds, from its hexadecimal fingerprint.

    Python takes bytecode as fresh if it records the time and size of its source. A time that depends on the fingerprint
    distinguishes the files of two versions, and the same files still give the same package.
    """
    return _EPOCH + int(fingerprint[:7], 16)


def compile_tree(interpreter: Interpreter, tree: Path, time: int) -> None:
    """Set the modification time of the sources below ``tree`` to ``time``, and write their ``.pyc`` files.

    Sources that are invalid for this Python (templates, Python 2) get no bytecode, as with any installer. Raises
    JobFailed.
    """
    sources = [Path(folder, name) for folder, _, names in os.walk(tree) for name in names if name.endswith(".py")]
    for source in sources:
        os.utime(source, (time, time), follow_symlinks=False)
    workers = "2" if len(sources) > _MANY else "1"
    flags = ["-q", "-q", "-j", workers, "-s", str(tree), str(tree)]
    command = [str(interpreter.executable), "-s", "-m", "compileall", *flags]
    environment = without_python_variables() | {"PYTHONHASHSEED": "0"}
    try:
        # Run in an empty directory, because the compiler and its workers import modules from where they run.
        with tempfile.TemporaryDirectory(prefix="tfenv-lab-") as empty:
            subprocess.run(command, cwd=empty, env=environment, capture_output=True, timeout=1800)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise JobFailed(
            say("Compiling bytecode with {interpreter} failed.", interpreter=interpreter), str(error)
        ) from error
