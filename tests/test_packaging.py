"""What the two halves of the package say of themselves."""

from __future__ import annotations

import json
from pathlib import Path

import tfenv_lab

ROOT = Path(__file__).parents[1]


def test_front_end_and_server_have_one_version() -> None:
    assert json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"] == tfenv_lab.__version__


def test_the_front_end_is_installed_under_the_name_that_the_server_announces() -> None:
    name = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["name"]
    assert [path["dest"] for path in tfenv_lab._jupyter_labextension_paths()] == [name]
    assert f"share/jupyter/labextensions/{name}" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_lock_files_name_no_host() -> None:
    for lock in (ROOT / "yarn.lock", ROOT / "ui-tests" / "yarn.lock"):
        assert "://" not in lock.read_text(encoding="utf-8").replace("patch:", "")
