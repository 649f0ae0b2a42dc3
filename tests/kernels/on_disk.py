"""Read the user's kernel directory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from jupyter_core.paths import jupyter_data_dir


def spec_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((kernels() / name / "kernel.json").read_text())
    return found


def kernels() -> Path:
    return Path(jupyter_data_dir()) / "kernels"


def registered() -> list[str]:
    return sorted(path.name for path in kernels().iterdir()) if kernels().is_dir() else []


def hand_made(name: str, **spec: Any) -> Path:
    folder = kernels() / name
    folder.mkdir(parents=True)
    (folder / "kernel.json").write_text(json.dumps({"argv": ["x"], "display_name": name, "language": "y", **spec}))
    return folder
