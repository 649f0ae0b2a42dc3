"""Build libraries that imitate file systems for a child process (``LD_PRELOAD``). Without a compiler, tests skip."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def built(source: str, folder: Path) -> str:
    """Compile a C file, named relative to the directory of this one, into ``folder``; return the library's path."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None or sys.platform != "linux":
        pytest.skip("a C compiler on Linux is needed to imitate a file system")
    library = folder / f"{Path(source).name}.so"
    command = [compiler, "-shared", "-fPIC", "-o", str(library), str(Path(__file__).parent / source), "-ldl"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return str(library)
