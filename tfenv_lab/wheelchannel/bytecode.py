"""Compile a tree's Python files, as conda-build does for the packages of one Python."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from ..errors import JobFailed
from .interpreter import Interpreter, clean_environment

_EPOCH = 946_684_800  # 2000-01-01
_MANY = 500  # sources; below, a second process takes longer to start than it saves


def file_time(fingerprint: str) -> int:
    """Return the modification time of a package's files, in seconds, from its (hexadecimal) fingerprint.

    Bytecode is taken as fresh when its source's time and size are those recorded in it. Many wheels
    carry one fixed date, so two versions' files could be mistaken for each other; times that differ
    between packages rule that out, and make the same wheel give the same package.
    """
    return _EPOCH + int(fingerprint[:7], 16)


def compile_tree(interpreter: Interpreter, tree: Path, time: int) -> None:
    """Write ``.pyc`` files beside the sources below ``tree``, whose modification time becomes ``time``.

    Files that are not valid for this Python (templates, Python 2) stay without, as with any installer.
    """
    sources = [Path(folder, name) for folder, _, names in os.walk(tree) for name in names if name.endswith(".py")]
    for source in sources:
        os.utime(source, (time, time), follow_symlinks=False)
    workers = "2" if len(sources) > _MANY else "1"
    flags = ["-q", "-q", "-j", workers, "-s", str(tree), str(tree)]
    command = [str(interpreter.executable), "-m", "compileall", *flags]
    environment = clean_environment() | {"PYTHONHASHSEED": "0"}
    try:
        # Not in ``tree``: its files must not be found as modules by the compiler itself.
        subprocess.run(command, cwd="/", env=environment, capture_output=True, timeout=1800)  # noqa: S603
    except (OSError, subprocess.SubprocessError) as error:
        raise JobFailed(f"Compiling bytecode with {interpreter} failed.", str(error)) from error
