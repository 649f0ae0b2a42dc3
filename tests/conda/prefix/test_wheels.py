"""Test what an environment remembers of a package index, and what pip, uv and conda make of it in a terminal."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.prefixes import add_dist_info, add_python, add_record, make_prefix
from tfenv_lab.conda.prefix import wheels
from tfenv_lab.pypi.models import Distribution

SIX = Distribution("six", "1.17.0", "https://x.example/six-1.17.0-py2.py3-none-any.whl", "a" * 64, 11_050, ("a>1",))
KNOWN = wheels.Managed({"six": "six>=1"}, (SIX,))
FILE = "conda-meta/tfenv_lab/pypi.json"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    return make_prefix(tmp_path / "env")


@pytest.fixture
def site(prefix: Path) -> Path:
    return add_python(prefix)


@pytest.fixture
def six(prefix: Path, site: Path) -> Path:
    """Install six as a change does, and return its .dist-info."""
    wheels.write(prefix, KNOWN)
    return add_dist_info(site, "six", "1.17.0", "uv")


def test_what_was_installed_is_read_again_with_all_that_is_known(prefix: Path, six: Path) -> None:
    assert wheels.read(prefix) == KNOWN


def test_nothing_is_known_without_a_file(prefix: Path, site: Path) -> None:
    assert wheels.read(prefix) == wheels.Managed()


@pytest.mark.parametrize("text", ["", "[]", "{", '{"distributions": [{}]}', '{"requirements": {"a": 1}}', "\0"])
def test_a_damaged_file_counts_as_missing(prefix: Path, six: Path, text: str) -> None:
    (prefix / FILE).write_text(text)
    assert wheels.read(prefix) == wheels.Managed()


def test_what_pip_installed_is_not_among_it(prefix: Path, site: Path, six: Path) -> None:
    add_dist_info(site, "rich", "13.0", "pip")
    assert wheels.read(prefix) == KNOWN


def test_what_pip_upgraded_is_pips(prefix: Path, site: Path, six: Path) -> None:
    shutil.rmtree(six)
    add_dist_info(site, "six", "1.18.0", "pip")
    assert wheels.read(prefix) == wheels.Managed()


@pytest.mark.parametrize(("version", "left"), [("1.18.0", {"six": "six>=1"}), ("0.9", {}), ("1.17.0", {}), (None, {})])
def test_what_was_requested_of_it_is_kept_while_pips_version_meets_it(
    prefix: Path, site: Path, six: Path, version: str | None, left: dict[str, str]
) -> None:
    shutil.rmtree(six)
    if version:
        add_dist_info(site, "six", version, "pip")
    assert wheels.left_to_others(prefix) == left


def test_what_conda_installed_over_it_is_not_kept(prefix: Path, site: Path, six: Path) -> None:
    shutil.rmtree(six)
    add_dist_info(site, "six", "1.18.0", "conda")
    add_record(prefix, "six-1.18.0-py_0")
    assert wheels.left_to_others(prefix) == {}


def test_what_pip_removed_is_forgotten(prefix: Path, six: Path) -> None:
    shutil.rmtree(six)
    assert wheels.read(prefix) == wheels.Managed()


def test_what_conda_installed_over_it_is_condas(prefix: Path, site: Path, six: Path) -> None:
    shutil.rmtree(six)
    add_dist_info(site, "six", "1.17.0", "conda")
    add_record(prefix, "six-1.17.0-py_0")
    assert wheels.read(prefix) == wheels.Managed()


@pytest.mark.parametrize(
    ("version", "folder"), [("1.0+cu12.1", "1.0+cu12_1"), ("1.0", "1.0.0"), ("1.0.post1", "1.0_1"), ("dev", "dev")]
)
def test_a_version_may_be_spelled_in_another_way_on_disk(prefix: Path, site: Path, version: str, folder: str) -> None:
    wheels.write(prefix, wheels.Managed({}, (Distribution("six", version, "https://x.example/x.whl"),)))
    add_dist_info(site, "six", folder, "uv")
    assert [each.version for each in wheels.read(prefix).distributions] == [version]


def test_nothing_to_remember_leaves_no_file(prefix: Path, six: Path) -> None:
    wheels.write(prefix, wheels.Managed())
    assert not (prefix / FILE).exists()


def test_a_copy_that_shares_the_file_is_not_changed(prefix: Path, six: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.hardlink_to(prefix / FILE)
    before = shared.read_bytes()
    wheels.write(prefix, wheels.Managed({"six": "six==1.17.0"}, (SIX,)))
    assert shared.read_bytes() == before
