"""What killed processes left is deleted, and what others use or have just written stays."""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

import pytest

from tfenv_lab.disk import temporary
from tfenv_lab.space import abandoned


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Remains in each place, which are old."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    found = {
        "record": tmp_path / "jobs/.tfenv-0123456789abcdef",
        "bytecode": tmp_path / "bytecode/cpython-311/pure-1.0-0-abc.123",
        "package": tmp_path / "pkgs/.numpy-2.1.0-0Btuxuo",
        "temporary": tmp_path / "tmp/tfenv-lab-abc",
    }
    for name, path in found.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == "record":
            path.write_text("{")
        else:
            path.mkdir()
        os.utime(path, (0, 0))
    (tmp_path / "pkgs/.cache.lock").touch()
    return found


def collect(tmp_path: Path) -> None:
    abandoned.collect(tmp_path / "pkgs", tmp_path / "bytecode", [tmp_path / "jobs", tmp_path / "missing"])


def test_what_is_abandoned_is_deleted(tmp_path: Path, places: dict[str, Path]) -> None:
    collect(tmp_path)
    assert [name for name, path in places.items() if path.exists()] == []


def test_what_is_fresh_may_still_be_in_use(tmp_path: Path, places: dict[str, Path]) -> None:
    for path in places.values():
        os.utime(path)
    collect(tmp_path)
    # Of the package cache, the lock says whether it is used.
    assert [name for name, path in places.items() if path.exists()] == ["record", "bytecode", "temporary"]


@pytest.mark.parametrize("place", ["package", "temporary"])
def test_what_another_process_has_locked_stays(tmp_path: Path, places: dict[str, Path], place: str) -> None:
    locked = tmp_path / "pkgs/.cache.lock" if place == "package" else places[place]
    handle = os.open(locked, os.O_RDONLY)
    fcntl.flock(handle, fcntl.LOCK_SH)
    collect(tmp_path)
    os.close(handle)
    assert [name for name, path in places.items() if path.exists()] == [place]


def test_other_files_and_links_stay(tmp_path: Path, places: dict[str, Path]) -> None:
    others = [tmp_path / "jobs/1.json", tmp_path / "pkgs/numpy-2.1.0-0", tmp_path / "tmp/other", tmp_path / "pkgs/.x"]
    for path in others:
        path.mkdir()
        os.utime(path, (0, 0))
    link = tmp_path / "tmp/tfenv-lab-link"
    link.symlink_to(tmp_path / "pkgs")
    collect(tmp_path)
    assert all(path.exists() for path in (*others, link))


def test_the_directory_of_a_running_worker_is_locked(tmp_path: Path, places: dict[str, Path]) -> None:
    with temporary.directory() as made:
        os.utime(made, (0, 0))
        collect(tmp_path)
        assert Path(made).is_dir()
    assert not Path(made).exists()


def test_a_server_without_a_directory_for_temporary_files_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> str:
        raise FileNotFoundError("No usable temporary directory found")

    monkeypatch.setattr(tempfile, "gettempdir", missing)
    with pytest.raises(Exception, match="no directory in which temporary files can be written"):
        temporary.folder()
