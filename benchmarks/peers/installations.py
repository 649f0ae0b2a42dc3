"""The programs of the peers: those that are installed, and those that can be set up here.

What is set up is kept in the cache directory of the user, so that it is done once.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import platformdirs

from ..measure import Skipped

#: What conda imports only for menus and for its oldest solver. The index does not have both everywhere.
_NOT_NEEDED = ("menuinst", "pycosat")


def conda() -> Path:
    """Return the program that TFENV_CONDA names; if it names a checkout of conda, set that up. Raises Skipped."""
    named = os.environ.get("TFENV_CONDA", "")
    if not named:
        raise Skipped("TFENV_CONDA names neither the program conda nor a checkout of conda")
    path = Path(named).expanduser().absolute()
    if not path.is_dir():
        return path
    if not (path / "conda" / "__main__.py").is_file():
        raise Skipped(f"TFENV_CONDA names {path}, which is not a checkout of conda")
    program = _kept("conda") / "bin" / "conda-from-source"
    if not program.is_file():
        python = _environment(program.parents[1])
        _pip(python, ["--no-deps", str(path)])
        code = "from importlib.metadata import requires; print(*requires('conda'), sep='\\n')"
        wanted = subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.splitlines()
        _pip(python, ["conda-rattler-solver", *(each for each in wanted if not each.startswith(_NOT_NEEDED))])
        # Without these, it is not a base environment.
        (program.parents[1] / "conda-meta").mkdir(exist_ok=True)
        (program.parents[1] / "conda-meta" / "history").touch()
        program.write_text(f'#!/bin/sh\nPYTHONPATH= exec "{python}" -m conda "$@"\n')
        program.chmod(0o755)
    return program


def gator() -> Path:
    """Return the Python that TFENV_GATOR names, or one in which mamba_gator is installed now. Raises Skipped."""
    if named := os.environ.get("TFENV_GATOR"):
        return Path(named).expanduser().absolute()
    folder = _kept("gator")
    python = folder / "bin" / "python"
    if not (folder / "ready").is_file():
        _pip(_environment(folder), ["mamba_gator", "jupyter_server"])
        (folder / "ready").touch()
    return python


def _kept(name: str) -> Path:
    return Path(platformdirs.user_cache_path("tfenv_lab") / "peers" / name)


def _environment(folder: Path) -> Path:
    """Make a new virtual environment, and return its Python."""
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder / "bin" / "python"


def _pip(python: Path, wanted: Sequence[str]) -> None:
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": ""})
    if done.returncode:
        raise Skipped(f"pip cannot install {wanted[-1]}: {done.stderr.strip().splitlines()[-1]}")
