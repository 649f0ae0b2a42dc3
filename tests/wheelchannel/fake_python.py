"""Programs that answer like an interpreter of a version, but cannot be packed."""

from __future__ import annotations

import stat
import sys
from pathlib import Path


def program(path: Path, text: str) -> Path:
    """Write an executable script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def facts(minor: str, **changed: object) -> str:
    """Return a script that describes an interpreter of a minor version, whose files do not exist."""
    told = {
        "base_executable": "SELF",
        "virtual": False,
        "prefix": "/p",
        "stdlib": f"/p/lib/python{minor}",
        "include": "/p/include",
        "version": f"{minor}.1",
        "implementation": "cpython",
        "flags": "",
        "platform": "linux-x86_64",
        "sites": [f"/lib/python{minor}/site-packages"],
        **changed,
    }
    return f"#!{sys.executable}\nimport json\nprint(json.dumps({told!r}).replace('SELF', __file__))\n"
