"""Fixtures shared by every room."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .tiny_channel import TinyChannel

pytest_plugins = ["pytest_jupyter.jupyter_server"]


@pytest.fixture(autouse=True)
def clean_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home: nothing of the machine's own conda, Jupyter or caches reaches a test."""
    home = tmp_path / "home"
    home.mkdir()
    for name in list(os.environ):
        if name.startswith(("CONDA", "MAMBA", "XDG_", "JUPYTER_", "RATTLER", "TFENV_LAB")) or name.endswith(("_proxy", "_PROXY")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(home))
    return home


@pytest.fixture
def channel(tmp_path: Path) -> TinyChannel:
    """An empty channel of this platform; ``add`` packages to it, then ``index`` it."""
    return TinyChannel(tmp_path / "channel")


@pytest.fixture(scope="session")
def slice_dir() -> Path:
    """The folder of real conda-forge metadata, or a skip with its reason."""
    default = Path(__file__).parents[1] / ".." / "shared" / "conda-forge-slice"
    path = Path(os.environ.get("TFENV_SLICE", default)).resolve()
    if not (path / "noarch" / "repodata.json").is_file():
        pytest.skip("no conda-forge slice beside the project (TFENV_SLICE names another place)")
    return path
