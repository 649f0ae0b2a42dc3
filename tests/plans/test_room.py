"""A change is refused if any file system that it writes to has too little room, on tiny file systems (for root)."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest

from tfenv_lab.errors import NoSpace
from tfenv_lab.plans.room import FLOOR, Need, require_room

from ..conftest import Mount

MEGABYTE = 1_000_000


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "state"


def message(needs: list[Need], state: Path) -> str:
    with pytest.raises(NoSpace) as refused:
        require_room(needs, state)
    return refused.value.message


def test_what_fits_is_not_refused(tmp_path: Path, state: Path) -> None:
    require_room([Need(str(tmp_path / "envs"), MEGABYTE), Need(str(tmp_path / "pkgs"), MEGABYTE)], state)


@pytest.mark.parametrize("full", ["envs", "pkgs", "uv"])
def test_each_directory_counts_and_is_named(tmp_path: Path, state: Path, mount: Mount, full: str) -> None:
    mount(tmp_path / full, "70m")
    needs = [Need(str(tmp_path / name), 30 * MEGABYTE) for name in ("envs", "pkgs", "uv")]
    assert message(needs, state) == (f"This change needs 82 MB in {tmp_path / full}, but only 73 MB are free there.")


def test_directories_on_one_file_system_are_added(tmp_path: Path, state: Path, mount: Mount) -> None:
    disk = mount(tmp_path / "disk", "100m")
    cache, envs = Need(str(disk / "pkgs"), 30 * MEGABYTE), Need(str(disk / "envs"), 30 * MEGABYTE)
    require_room([cache], state)
    require_room([envs], state)
    assert f"in {disk / 'pkgs'} and {disk / 'envs'}, but only 105 MB" in message([cache, envs], state)


def test_a_change_that_needs_no_space_is_never_refused(tmp_path: Path, mount: Mount) -> None:
    disk = mount(tmp_path / "disk", "4k")
    (disk / "full").write_bytes(bytes(4096))
    require_room([Need(str(disk / "envs"), 0)], disk / "state")


def test_a_full_state_folder_is_named(tmp_path: Path, mount: Mount) -> None:
    disk = mount(tmp_path / "disk", "1m")
    told = message([Need(str(tmp_path / "envs"), MEGABYTE)], disk / "state")
    assert told == f"This change needs 2 MB in {disk / 'state'}, but only 1 MB are free there."


def test_a_full_directory_for_temporary_files_is_named(
    tmp_path: Path, state: Path, mount: Mount, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = mount(tmp_path / "disk", "1m")
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    assert f"2 MB in {disk}," in message([Need(str(tmp_path / "envs"), MEGABYTE)], state)


def test_the_number_of_files_counts_where_it_is_limited(tmp_path: Path, state: Path, mount: Mount) -> None:
    disk = mount(tmp_path / "disk", "500m")
    needs = [Need(str(disk), 50 * MEGABYTE)]
    require_room(needs, state)
    subprocess.run(["mount", "-o", "remount,nr_inodes=300", str(disk)], check=True)
    assert message(needs, state) == (
        f"This change needs about 600 files in {disk}, but only 299 more can be created there."
    )


def test_a_file_system_without_room_is_refused_for_any_need(tmp_path: Path, state: Path, mount: Mount) -> None:
    disk = mount(tmp_path / "disk", f"{FLOOR // 1_000_000 - 10}m")
    assert str(disk) in message([Need(str(disk), 1)], state)
