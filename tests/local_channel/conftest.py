"""A machine with one version of Python, so that a build of the local channel is quick."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest


@pytest.fixture
def only_this_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hide the other interpreters of this machine, and return the only directory with programs."""
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "ldd").symlink_to(str(shutil.which("ldd")))
    monkeypatch.setenv("PATH", str(folder))
    return folder
