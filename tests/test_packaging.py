"""Test that the metadata of the Python package and the front end agree."""

from __future__ import annotations

import importlib
import json
import re
import shutil
from pathlib import Path
from types import ModuleType

import pytest

import tfenv_lab

ROOT = Path(__file__).parents[1]


@pytest.fixture
def version_script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Import the script that sets the version."""
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    return importlib.import_module("version")


def copy_of_places(script: ModuleType, folder: Path) -> list[Path]:
    paths = [folder / name for name in [*script.PLACES, "CHANGELOG.md"]]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path.relative_to(folder), path)
    return paths


def test_a_release_has_one_version_everywhere_and_its_section_of_the_changelog(
    version_script: ModuleType, tmp_path: Path
) -> None:
    paths = copy_of_places(version_script, tmp_path)
    for version in ("71.82.93", "71.83.0"):
        version_script.main(tmp_path, version)
        assert [path.name for path in paths if path.read_text("utf-8").count(version) != 1] == []
    changelog = (tmp_path / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.findall(r"^(?:## .+|<!-- .+)$", changelog, re.MULTILINE) == [
        "## Unreleased",
        version_script.START,
        "## 71.83.0",
        version_script.END,
        "## 71.82.93",
    ]
    assert json.loads((tmp_path / "package.json").read_text(encoding="utf-8"))["version"] == "71.83.0"


@pytest.mark.parametrize("version", ["", "1", "1.2", "v1.2.3", "1.2.3rc1", "1.2.3\n", "next", "--help"])
def test_what_is_no_version_changes_nothing(version_script: ModuleType, tmp_path: Path, version: str) -> None:
    paths = copy_of_places(version_script, tmp_path)
    before = [path.read_text("utf-8") for path in paths]
    with pytest.raises(ValueError, match="is not a version"):
        version_script.main(tmp_path, version)
    assert [path.read_text("utf-8") for path in paths] == before


def test_front_end_and_server_have_one_version() -> None:
    assert json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["version"] == tfenv_lab.__version__


def test_the_front_end_is_installed_under_the_name_that_the_server_announces() -> None:
    name = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))["name"]
    assert [path["dest"] for path in tfenv_lab._jupyter_labextension_paths()] == [name]
    assert f"share/jupyter/labextensions/{name}" in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_the_lock_files_name_no_host() -> None:
    for lock in (ROOT / "yarn.lock", ROOT / "ui-tests" / "yarn.lock"):
        assert "://" not in lock.read_text(encoding="utf-8").replace("patch:", "")


def test_both_halves_name_one_license_and_one_repository() -> None:
    front = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    server = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert (ROOT / "LICENSE").read_text(encoding="utf-8").startswith("BSD 3-Clause License\n\nCopyright (c) ")
    assert f'license = "{front["license"]}"' in server
    assert f'authors = [{{ name = "{front["author"]}", ' in server
    assert f'Source = "{front["homepage"]}"' in server
    assert front["repository"]["url"] == f"git+{front['homepage']}.git"
    assert front["bugs"]["url"] == f"{front['homepage']}/issues"


def test_type_checkers_of_others_read_the_types_of_this_package() -> None:
    assert (ROOT / "tfenv_lab" / "py.typed").is_file()


def test_the_changelog_has_a_section_for_what_is_not_released() -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"


def test_the_front_end_accepts_every_jupyterlab_4() -> None:
    front = json.loads((ROOT / "package.json").read_text(encoding="utf-8"))
    ranges = {name: range for name, range in front["dependencies"].items() if name.startswith("@")}
    assert set(ranges.values()) == {"^2.0.0", "^4.0.0", "^6.0.0", "^7.0.0"}
    # The builder would require the versions that it has itself.
    assert {name: each["requiredVersion"] for name, each in front["jupyterlab"]["sharedPackages"].items()} == ranges
