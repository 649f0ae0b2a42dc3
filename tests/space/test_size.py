"""Test the size of an environment: hard links count once, and shared files are known."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfenv_lab.space.service import size_of

BLOCK = 64 * 1024


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(BLOCK))
    return path


@pytest.fixture
def empty(tmp_path: Path) -> int:
    """Return the size of the directories alone."""
    (tmp_path / "reference" / "lib").mkdir(parents=True)
    return size_of(tmp_path / "reference").bytes


def test_files(tmp_path: Path, empty: int) -> None:
    put(tmp_path / "env" / "lib" / "a")
    size = size_of(tmp_path / "env")
    assert (size.bytes - empty, size.shared) == (BLOCK, 0)


def test_a_file_with_two_names_inside_counts_once(tmp_path: Path, empty: int) -> None:
    os.link(put(tmp_path / "env" / "lib" / "a"), tmp_path / "env" / "lib" / "b")
    size = size_of(tmp_path / "env")
    assert (size.bytes - empty, size.shared) == (BLOCK, 0)


def test_a_file_with_a_name_outside_is_shared(tmp_path: Path, empty: int) -> None:
    os.link(put(tmp_path / "env" / "lib" / "a"), tmp_path / "env" / "lib" / "b")
    os.link(tmp_path / "env" / "lib" / "a", tmp_path / "cache")
    put(tmp_path / "env" / "lib" / "own")
    size = size_of(tmp_path / "env")
    assert (size.bytes - empty, size.shared) == (2 * BLOCK, BLOCK)


def test_links_are_not_followed(tmp_path: Path, empty: int) -> None:
    put(tmp_path / "outside" / "big")
    (tmp_path / "env" / "lib").mkdir(parents=True)
    (tmp_path / "env" / "lib" / "link").symlink_to(tmp_path / "outside" / "big")
    (tmp_path / "env" / "folder").symlink_to(tmp_path / "outside")
    assert size_of(tmp_path / "env").bytes - empty < BLOCK


def test_a_deleted_environment_has_no_size(tmp_path: Path) -> None:
    assert size_of(tmp_path / "none").bytes == 0
