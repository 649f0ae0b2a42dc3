"""Test the packages of an environment: from conda and pip, requested or not, and without credentials."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prefixes import add_dist_info, add_record, make_prefix
from tfenv_lab.environments.models import InstalledPackage
from tfenv_lab.environments.packages import channel_name, packages_of


def test_conda_and_pip_together_by_name(tmp_path: Path) -> None:
    history = "==> 2025-01-01 10:00:00 <==\n# cmd: conda create\n# update specs: ['python=3.11', 'keras']\n"
    prefix = make_prefix(tmp_path / "env", history=history, python="3.11.9")
    add_record(prefix, "keras-3.5.0-pyh_0", size=1_200_000)
    add_record(prefix, "zlib-1.3-h1_0", size=None, channel="")
    add_dist_info(prefix / "lib/python3.11/site-packages", "Rich", "13.0")
    forge = "conda-forge"
    assert packages_of(prefix) == [
        InstalledPackage("keras", "3.5.0", "pyh_0", forge, "conda", True, 1_200_000),
        InstalledPackage("python", "3.11.9", "h0_0_cpython", forge, "conda", True, 1000),
        InstalledPackage("rich", "13.0", None, None, "pypi", False, None),
        InstalledPackage("zlib", "1.3", "h1_0", None, "conda", False, None),
    ]


def test_a_damaged_record_still_has_its_name_and_version(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "env")
    (prefix / "conda-meta" / "zlib-1.3-h1_0.json").write_text("{")
    assert packages_of(prefix) == [InstalledPackage("zlib", "1.3", "h1_0", None, "conda", False, None)]


def test_a_package_that_pip_replaced_is_listed_twice(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "env", ["numpy-1.26.0-py311_0"], python="3.11.9")
    add_dist_info(prefix / "lib/python3.11/site-packages", "numpy", "2.1.0")
    found = [(package.version, package.source) for package in packages_of(prefix) if package.name == "numpy"]
    assert found == [("1.26.0", "conda"), ("2.1.0", "pypi")]


@pytest.mark.parametrize(
    ("channel", "name"),
    [
        ("https://conda.anaconda.org/conda-forge", "conda-forge"),
        ("https://conda.anaconda.org/conda-forge/", "conda-forge"),
        ("conda-forge", "conda-forge"),
        ("https://me:secret@private.org/chan", "https://private.org/chan"),
        ("https://private.org/t/tk-secret/chan", "https://private.org/chan"),
        ("file:///srv/channel", "file:///srv/channel"),
    ],
)
def test_channel_names(channel: str, name: str) -> None:
    assert channel_name(channel) == name
