"""Test that the metadata of the Python package and the front end agree."""

from __future__ import annotations

import json
import re
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
