"""The CPythons of this machine."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

#: The versions that the project supports or will meet next. Those that this machine lacks are named as not tried.
MINORS = ("3.10", "3.11", "3.12", "3.13", "3.14")
_PROBE = """
import json, platform, sys
json.dump([platform.python_implementation(), "%d.%d" % sys.version_info[:2], sys.base_prefix == sys.prefix], sys.stdout)
"""


def find(home: Path) -> dict[str, str]:
    """Return a working interpreter for each minor version: of ``PATH``, of pyenv or of uv."""
    found: dict[str, str] = {}
    for minor in MINORS:
        name = f"python{minor}"
        candidates = [
            str(Path(sys.base_prefix) / "bin" / name),
            shutil.which(name),
            *map(str, sorted(home.glob(f".pyenv/versions/{minor}.*/bin/{name}"))),
            *map(str, sorted(home.glob(f".local/share/uv/python/cpython-{minor}.*/bin/{name}"))),
        ]
        for candidate in filter(None, candidates):
            if _described(candidate) == ["CPython", minor, True]:
                found[minor] = candidate
                break
    return found


def _described(python: str) -> object:
    """Return the implementation and version of a Python, and whether it is in no virtual environment, or None."""
    try:
        done = subprocess.run([python, "-I", "-c", _PROBE], capture_output=True, text=True, timeout=20, check=True)
        return json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError):
        return None
