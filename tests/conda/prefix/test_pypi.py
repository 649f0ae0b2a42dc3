"""Test which Python packages of an environment are not owned by conda."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prefixes import add_dist_info, add_python, add_record, make_prefix, recorded
from tfenv_lab.conda.prefix.pypi import pypi_packages
from tfenv_lab.pypi.names import normalize


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "env")


@pytest.fixture
def site(prefix: Path) -> Path:
    return add_python(prefix)


def found(prefix: Path) -> list[tuple[str, str]]:
    return [(package.name, package.version) for package in pypi_packages(prefix)]


def test_pips_package_is_found(prefix: Path, site: Path) -> None:
    add_dist_info(site, "tensorflow_cpu", "2.19.0")
    assert found(prefix) == [("tensorflow-cpu", "2.19.0")]


def test_condas_is_not(prefix: Path, site: Path) -> None:
    add_dist_info(site, "numpy", "2.0.0", installer="conda")
    add_record(prefix, "numpy-2.0.0-py311_0")
    assert found(prefix) == []


def test_without_an_installer_name_and_version_decide(prefix: Path, site: Path) -> None:
    add_dist_info(site, "keras", "3.5.0", installer=None)
    add_dist_info(site, "rich", "13.0", installer=None)
    add_record(prefix, "keras-3.5.0-pyh_0")
    assert found(prefix) == [("rich", "13.0")]


def test_a_conda_package_of_another_name_is_told_by_its_record(prefix: Path, site: Path) -> None:
    path = add_dist_info(site, "torch", "2.4.0")
    add_record(prefix, "pytorch-2.4.0-py311_0", **recorded(prefix, path / "RECORD", path / "METADATA"))
    assert found(prefix) == []


def test_a_conda_package_of_another_version_than_its_python_one(prefix: Path, site: Path) -> None:
    path = add_dist_info(site, "setuptools_scm", "8.0.post1")
    add_record(prefix, "setuptools-scm-8.0-pyh_0", **recorded(prefix, path / "RECORD"))
    assert found(prefix) == []


def test_pip_over_conda_in_the_same_version(prefix: Path, site: Path) -> None:
    path = add_dist_info(site, "tensorflow", "2.19.0")
    add_record(prefix, "tensorflow-base-2.19.0-cpu_py311_0", **recorded(prefix, path / "RECORD"))
    assert found(prefix) == []
    (path / "RECORD").write_text("what pip wrote over it\n")
    assert found(prefix) == [("tensorflow", "2.19.0")]


def test_pip_over_conda_in_another_version(prefix: Path, site: Path) -> None:
    add_record(prefix, "numpy-1.26.0-py311_0", files=["lib/python3.11/site-packages/numpy-1.26.0.dist-info/RECORD"])
    add_dist_info(site, "numpy", "2.0.0")
    assert found(prefix) == [("numpy", "2.0.0")]


def test_condas_name_may_have_underscores(prefix: Path, site: Path) -> None:
    add_dist_info(site, "typing_extensions", "4.12.2", installer=None)
    add_record(prefix, "typing_extensions-4.12.2-pyh_0")
    assert found(prefix) == []


def test_what_is_left_of_a_deleted_package_is_not_one(prefix: Path, site: Path) -> None:
    folder = add_dist_info(site, "h5py", "3.16.0")
    (folder / "licenses").mkdir()
    (folder / "METADATA").unlink()
    assert found(prefix) == [("h5py", "3.16.0")]
    (folder / "RECORD").unlink()
    assert found(prefix) == []


def test_other_directories_are_not_packages(prefix: Path, site: Path) -> None:
    for name in ("tensorflow", "broken.dist-info", "~ensorflow-2.19.0.dist-info-old", "x.pth"):
        (site / name).mkdir()
    assert found(prefix) == []


@pytest.mark.parametrize("name", ["Tensorflow_CPU", "tensorflow.cpu", "tensorflow--cpu"])
def test_names_compare_as_the_index_does(name: str) -> None:
    assert normalize(name) == "tensorflow-cpu"
