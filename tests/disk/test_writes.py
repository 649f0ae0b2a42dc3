"""Test that a file is written completely and replaces whatever has its name."""

from __future__ import annotations

import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tfenv_lab.disk import writes

posix = pytest.mark.skipif(sys.platform == "win32", reason="modes and symbolic links are those of POSIX")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    folder.mkdir()
    return folder


def test_a_write_leaves_only_its_file(folder: Path) -> None:
    writes.replace(folder / "x", "é")
    assert (folder / "x").read_text(encoding="utf-8") == "é"
    writes.replace(folder / "x", b"\0")
    assert (folder / "x").read_bytes() == b"\0"
    assert [path.name for path in folder.iterdir()] == ["x"]


def test_simultaneous_writes_do_not_mix(folder: Path) -> None:
    texts = [str(number) * 100_000 for number in range(8)]
    with ThreadPoolExecutor(len(texts)) as threads:
        list(threads.map(lambda text: writes.replace(folder / "x", text), texts))
    assert (folder / "x").read_text() in texts
    assert [path.name for path in folder.iterdir()] == ["x"]


@posix
def test_neither_a_link_nor_a_shared_file_is_written_through(tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.write_text("mine")
    (tmp_path / "link").symlink_to(mine)
    (tmp_path / "shared").hardlink_to(mine)
    for name in ("link", "shared"):
        writes.replace(tmp_path / name, "new")
        assert (tmp_path / name).read_text() == "new"
    assert mine.read_text() == "mine"
    assert not (tmp_path / "link").is_symlink()


@posix
def test_the_mode_of_a_file_stays(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    (tmp_path / "x").chmod(0o640)
    writes.replace(tmp_path / "x", "new")
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o640


@posix
def test_a_failed_write_keeps_the_old_file(folder: Path) -> None:
    (folder / "x").mkdir()
    with pytest.raises(OSError):
        writes.replace(folder / "x", "new")
    assert [path.name for path in folder.iterdir()] == ["x"]


@posix
def test_links_are_resolved_before_a_path_is_compared_with_a_directory(folder: Path, tmp_path: Path) -> None:
    (folder / "in").symlink_to("x")
    (folder / "out").symlink_to("../x")
    (tmp_path / "folder2").mkdir()
    assert writes.is_within(folder / "in", folder)
    assert writes.is_within(folder, folder)
    assert writes.is_within("/etc", "/")
    assert not writes.is_within(folder / "out", folder)
    assert not writes.is_within(tmp_path / "folder2", folder)


@posix
class TestMakePrivate:
    def test_others_can_no_longer_enter(self, folder: Path) -> None:
        folder.chmod(0o755)
        writes.make_private([folder])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700

    def test_others_can_no_longer_read_the_files(self, folder: Path) -> None:
        modes = {"a": 0o644, "b": 0o400, "c": 0o777}
        for name, mode in modes.items():
            (folder / name).write_text(name)
            (folder / name).chmod(mode)
        writes.make_private([folder])
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
        assert found == {"a": 0o600, "b": 0o400, "c": 0o600}
        assert (folder / "a").read_text() == "a"

    def test_files_elsewhere_stay(self, folder: Path, tmp_path: Path) -> None:
        other = tmp_path / "other"
        other.write_text("")
        other.chmod(0o644)
        (folder / "link").symlink_to(other)
        (folder / "shared").hardlink_to(other)
        (folder / "sub").mkdir(0o755)
        writes.make_private([folder])
        assert stat.S_IMODE(other.stat().st_mode) == 0o644
        assert stat.S_IMODE((folder / "sub").stat().st_mode) == 0o755

    def test_what_another_user_owns_stays(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.chmod(0o755)
        monkeypatch.setattr(os, "getuid", lambda: folder.stat().st_uid + 1)
        writes.make_private([folder])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755

    def test_a_mode_that_is_stricter_stays(self, folder: Path) -> None:
        folder.chmod(0o500)
        writes.make_private([folder])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o500

    def test_neither_links_nor_missing_directories_are_touched(self, folder: Path, tmp_path: Path) -> None:
        folder.chmod(0o755)
        (tmp_path / "link").symlink_to(folder)
        writes.make_private([tmp_path / "link", tmp_path / "missing", folder / "file"])
        assert stat.S_IMODE(folder.stat().st_mode) == 0o755
        assert not (tmp_path / "missing").exists()
