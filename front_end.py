"""Build the front end for a package, unless the built one is that of these sources.

``pyproject.toml`` names this as the build function of hatch-jupyter-builder. The build writes the digest of its sources
next to its output, and a build by other means (``jlpm build``) deletes that file. So no stale front end is ever packed,
and a wheel that is made from a source distribution needs no Node.js.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent
#: What the output depends on; ``yarn.lock`` holds the versions of the tools.
SOURCES = ("package.json", "yarn.lock", "tsconfig.json", "src", "style", "schema")
STAMP = ROOT / "tfenv_lab" / "labextension" / "sources.sha256"


def digest() -> str:
    """Return the digest of the names and contents of all sources, without tests."""
    total = hashlib.sha256()
    for source in SOURCES:
        top = ROOT / source
        for path in sorted(top.rglob("*")) if top.is_dir() else [top]:
            relative = path.relative_to(ROOT)
            if path.is_file() and "__tests__" not in relative.parts:
                total.update(f"{relative.as_posix()}\0{path.stat().st_size}\0".encode())
                total.update(path.read_bytes())
    return total.hexdigest()


def is_current() -> bool:
    """Return whether the built front end is that of these sources."""
    return STAMP.is_file() and STAMP.read_text(encoding="ascii").strip() == digest()


def build(target_name: str, version: str, **options: Any) -> None:
    """Build the front end with jlpm, if it is not current."""
    from hatch_jupyter_builder import npm_builder

    if not is_current():
        npm_builder(target_name, version, **options)
        STAMP.write_text(f"{digest()}\n", encoding="ascii")
