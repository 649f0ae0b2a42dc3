"""The source distribution and the wheel are complete, and follow the rules of their tools."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

from tfenv_lab._version import __version__

from .conftest import ROOT, run_uv

EXTENSION = f"tfenv_lab-{__version__}.data/data/share/jupyter/labextensions/tfenv-lab"


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution."""
    folder = tmp_path_factory.mktemp("sdist")
    run_uv("build", "-q", "--sdist", "--out-dir", folder, ROOT)
    [path] = folder.glob("*.tar.gz")
    return path


@pytest.fixture(scope="module")
def unpacked(sdist: Path) -> Path:
    """Unpack the source distribution."""
    subprocess.run(["tar", "xzf", sdist.name], cwd=sdist.parent, check=True)
    return sdist.parent / f"tfenv_lab-{__version__}"


@pytest.fixture(scope="module")
def wheel_of_sdist(sdist: Path) -> Path:
    """Build the wheel from the source distribution, without Node.js."""
    folder = sdist.parent / "wheel"
    run_uv("build", "-q", "--wheel", "--out-dir", folder, sdist, path=os.defpath)
    [path] = folder.glob("*.whl")
    return path


def front_end(root: Path) -> ModuleType:
    """Import the build function of a source tree."""
    spec = importlib.util.spec_from_file_location("front_end_of_tree", root / "front_end.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_wheel_has_the_front_end_of_the_sources(wheel_of_sdist: Path) -> None:
    with zipfile.ZipFile(wheel_of_sdist) as archive:
        assert archive.read(f"{EXTENSION}/sources.sha256").decode().strip() == front_end(ROOT).digest()
        package = json.loads(archive.read(f"{EXTENSION}/package.json"))
        assert f"{EXTENSION}/{package['jupyterlab']['_build']['load']}" in archive.namelist()
        assert f"{EXTENSION}/install.json" in archive.namelist()


@pytest.mark.parametrize(
    "change", ["src/index.ts", "schema/plugin.json", "style/base.css", "package.json", "src/new.ts"]
)
def test_a_built_front_end_does_not_count_after_its_sources_changed(
    unpacked: Path, tmp_path: Path, change: str
) -> None:
    tree = shutil.copytree(unpacked, tmp_path / "tree")
    assert front_end(tree).is_current()
    with (tree / change).open("a") as file:
        file.write("\n")
    assert not front_end(tree).is_current()


def test_the_wheel_names_the_license_of_each_bundled_package(wheel_of_sdist: Path) -> None:
    with zipfile.ZipFile(wheel_of_sdist) as archive:
        bundled = json.loads(archive.read(f"{EXTENSION}/static/third-party-licenses.json"))["packages"]
        code = "".join(
            archive.read(name).decode() for name in archive.namelist() if name.startswith(f"{EXTENSION}/static/")
        )
        assert any(name.endswith(".dist-info/licenses/LICENSE") for name in archive.namelist())
    assert all(each["licenseId"] and each["extractedText"] for each in bundled)
    assert {each["name"] for each in bundled} == {"css-loader", "style-loader"}
    # React and the packages of JupyterLab are those of the page.
    assert "Minified React error" not in code


def test_the_wheel_has_only_the_package(wheel_of_sdist: Path) -> None:
    with zipfile.ZipFile(wheel_of_sdist) as archive:
        tops = {name.split("/")[0] for name in archive.namelist()}
    assert tops == {"tfenv_lab", f"tfenv_lab-{__version__}.data", f"tfenv_lab-{__version__}.dist-info"}


def test_the_source_distribution_has_what_its_tests_read(unpacked: Path) -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    if not tracked[0]:
        pytest.skip("this is not a git checkout")
    files = [name for name in tracked if name and not name.startswith(".git") and (ROOT / name).exists()]
    assert [name for name in files if not (unpacked / name).exists()] == []


@pytest.mark.parametrize(
    "command",
    ["twine check --strict WHEEL SDIST", "check-wheel-contents WHEEL", "pyroma --min=10 SDIST"],
    ids=lambda command: command.split()[0],
)
def test_the_tools_have_no_complaint(command: str, sdist: Path, wheel_of_sdist: Path) -> None:
    places = {"WHEEL": wheel_of_sdist, "SDIST": sdist}
    run_uv("tool", "run", "-q", *(places.get(word, word) for word in command.split()))
