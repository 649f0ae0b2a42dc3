"""Test the measuring of trees that share files: what changes is read again, and nothing else."""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from tfenv_lab.space.trees import Measured, Root, Stopped, Trees

from ..conftest import DeadMount, Mount

BLOCK = 64 * 1024


def put(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(os.urandom(BLOCK))
    return path


def link(source: Path, target: Path) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.link(source, target)
    return target


def blocks(number: int) -> int:
    """Return the bytes in whole blocks: directories take less."""
    return number // BLOCK


class Disk:
    """Trees of environments and of a cache, whose entries never change."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self._trees = Trees()

    def look(self, *names: str) -> Measured:
        return self._trees.look([Root(str(self.top / name), is_fixed=name.startswith("cache")) for name in names])

    def own(self, measured: Measured, *names: str) -> int:
        return blocks(measured.own(str(self.top / name) for name in names))


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    put(tmp_path / "cache" / "lib" / "data")
    put(tmp_path / "one" / "own")
    return Disk(tmp_path)


def test_a_copy_changes_the_numbers_of_the_original_which_is_not_read_again(disk: Disk) -> None:
    shared = link(disk.top / "cache/lib/data", disk.top / "one/lib/data")
    assert disk.own(disk.look("cache/lib", "one"), "one") == 1
    shutil.rmtree(disk.top / "cache")
    assert disk.own(disk.look("cache/lib", "one"), "one") == 2
    link(shared, disk.top / "two/lib/data")
    found = disk.look("one", "two")
    assert (disk.own(found, "one"), disk.own(found, "two"), disk.own(found, "one", "two")) == (1, 0, 2)
    shutil.rmtree(disk.top / "two")
    assert disk.own(disk.look("one", "two"), "one") == 2


def test_trees_that_go_and_come_at_once_are_counted_right(disk: Disk) -> None:
    for name in ("two", "three"):
        link(disk.top / "cache/lib/data", disk.top / name / "data")
    found = disk.look("cache/lib", "two", "three")
    assert disk.own(found, "cache/lib", "two") == 0
    assert disk.own(found, "cache/lib", "two", "three") == 1
    shutil.rmtree(disk.top / "two")
    put(disk.top / "three" / "own")
    found = disk.look("cache/lib", "two", "three")
    assert (disk.own(found, "cache/lib"), disk.own(found, "three"), disk.own(found, "cache/lib", "three")) == (0, 1, 2)
    shutil.rmtree(disk.top / "three")
    assert disk.own(disk.look("cache/lib"), "cache/lib") == 1


def test_an_entry_of_a_cache_is_shared_as_soon_as_something_links_it(disk: Disk) -> None:
    entry = str(disk.top / "cache/lib")
    assert not disk.look("cache/lib", "one").is_linked_elsewhere(entry)
    link(disk.top / "cache/lib/data", disk.top / "one/data")
    found = disk.look("cache/lib", "one")
    assert found.is_linked_elsewhere(entry)
    assert not found.is_linked_elsewhere(entry, beside=[str(disk.top / "one")])


def test_only_what_changed_is_read_again(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    put(disk.top / "two" / "lib" / "data")
    disk.look("one", "two")
    read: list[str] = []
    scandir = os.scandir

    def noted(path: str) -> object:
        read.append(os.path.relpath(path, disk.top))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", noted)
    disk.look("one", "two")
    assert read == []
    put(disk.top / "two" / "lib" / "more")
    disk.look("one", "two")
    assert read == ["two", "two/lib"]


def test_other_trees_and_other_file_systems_are_left_out(disk: Disk, mount: Mount) -> None:
    put(disk.top / "one" / "envs" / "inner" / "data")
    put(mount(disk.top / "one" / "mnt", "1m") / "data")
    root = Root(str(disk.top / "one"), frozenset([str(disk.top / "one/envs/inner")]))
    assert blocks(Trees().look([root]).own([root.path])) == 1


def test_a_drive_that_does_not_answer_is_not_among_the_trees(disk: Disk, dead_mount: DeadMount) -> None:
    dead_mount(disk.top / "away")
    found = disk.look("one", "away")
    assert str(disk.top / "one") in found
    assert str(disk.top / "away") not in found


def test_measuring_ends_if_nobody_waits(disk: Disk) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        Trees().look([Root(str(disk.top / "one"))], stop)


def test_a_link_in_a_place_that_is_not_measured_is_known_until_it_is_gone(disk: Disk) -> None:
    entry = str(disk.top / "cache/lib")
    other = link(disk.top / "cache/lib/data", disk.top / "elsewhere/data")
    link(disk.top / "cache/lib/data", disk.top / "one/data")
    assert disk.look("cache/lib", "one").is_linked_outside(entry)
    other.unlink()
    assert not disk.look("cache/lib", "one").is_linked_outside(entry)
