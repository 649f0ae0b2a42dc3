"""Test the strategies that replace a prefix: a swap, two renames, in place, or a refusal."""

from __future__ import annotations

import errno
import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.transaction import placement, recovery, staging
from tfenv_lab.conda.transaction.placement import strategy_of
from tfenv_lab.conda.transaction.removal import remove
from tfenv_lab.errors import Protected, TfenvError

from ...conftest import Mount
from ...privileges import as_ordinary_user
from ..conftest import Lab, run


def _cannot(*_: object) -> None:
    raise OSError(errno.ENOSYS, "this system cannot exchange two directories")


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """Imitate an operating system that cannot exchange directories, such as Windows."""
    monkeypatch.setattr(placement, "rename2", _cannot)


def test_a_plain_directory_is_swapped(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    assert strategy_of(lab.prefix) == "swap"
    assert lab.beside() == ["tf"]


@pytest.mark.usefixtures("no_exchange")
def test_without_an_exchange_there_are_two_renames(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    assert strategy_of(lab.prefix) == "rename"
    run(lab.change("app 2.0", job="1job"))
    assert (lab.prefix / "share/app.txt").read_text() == "2.0"
    assert lab.beside() == ["tf"]


@pytest.mark.usefixtures("no_exchange")
def test_a_death_between_the_two_renames_is_mended(lab: Lab) -> None:
    run(lab.change("app 1.0"))
    staged = staging.staging_path(lab.prefix, "1job")
    shutil.copytree(lab.prefix, staged, symlinks=True)
    lab.prefix.rename(staging.aside_path(lab.prefix, "1job"))
    recovery.settle(lab.prefix, "1job")
    assert (lab.prefix / "share/app.txt").read_text() == "1.0"
    recovery.clear(lab.prefix, "1job")
    assert lab.beside() == ["tf"]


@pytest.mark.usefixtures("no_exchange")
def test_a_death_between_the_two_renames_behind_a_symbolic_link_is_mended(lab: Lab, tmp_path: Path) -> None:
    run(lab.change("app 1.0"))
    link = tmp_path / "link"
    link.symlink_to(lab.prefix)
    staged = staging.staging_path(link, "1job")
    shutil.copytree(lab.prefix, staged, symlinks=True)
    lab.prefix.rename(staging.aside_path(link, "1job"))
    assert placement.is_begun(staged, link, staging.aside_path(link, "1job"))
    recovery.settle(link, "1job")
    recovery.clear(link, "1job")
    assert (link / "share/app.txt").read_text() == "1.0"
    assert link.is_symlink()
    assert lab.beside() == ["tf"]


@pytest.mark.usefixtures("no_exchange")
def test_a_change_whose_second_rename_and_way_back_both_fail_is_finished_later(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(lab.change("app 1.0"))
    rename = Path.rename

    def failing(self: Path, target: Path) -> Any:
        if target == lab.prefix:
            raise OSError(errno.EIO, "the disk fails")
        return rename(self, target)

    with monkeypatch.context() as patch, pytest.raises(TfenvError):
        patch.setattr(Path, "rename", failing)
        run(lab.change("app 2.0", job="1job"))
    assert not lab.prefix.exists()
    assert recovery.settle(lab.prefix, "1job") is True
    assert (lab.prefix / "share/app.txt").read_text() == "2.0"


@pytest.mark.parametrize("role", ["old", "trash"])
def test_a_tree_that_stepped_aside_never_comes_back_alone(lab: Lab, role: str) -> None:
    """After an update is reported as done, somebody removes the environment, and the server starts again."""
    run(lab.change("app 1.0"))
    lab.prefix.rename(lab.prefix.with_name(f".tfenv-{role}-1job-tf"))
    assert recovery.settle(lab.prefix, "1job") is False
    assert not lab.prefix.exists()
    recovery.clear(lab.prefix, "1job")
    assert lab.beside() == []


@pytest.mark.usefixtures("no_exchange")
def test_a_second_rename_that_fails_takes_the_first_back(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    run(lab.change("app 1.0"))
    rename, calls = Path.rename, []

    def failing(self: Path, target: Path) -> Any:
        calls.append(target)
        if target == lab.prefix and len(calls) == 2:
            raise OSError(errno.EIO, "the second rename fails")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(TfenvError):
        run(lab.change("app 2.0", job="1job"))
    assert (lab.prefix / "share/app.txt").read_text() == "1.0"
    assert lab.beside() == ["tf"]


def test_on_macos_the_systems_own_exchange_is_called(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls: list[tuple[object, ...]] = []

    class Library:
        """Stub of the C library of macOS."""

        @staticmethod
        def renamex_np(*arguments: object) -> int:
            calls.append(arguments)
            return 0

    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: Library)
    placement.exchange(tmp_path / "a", tmp_path / "b")
    assert calls == [(str(tmp_path / "a").encode(), str(tmp_path / "b").encode(), 2)]


def test_behind_a_symbolic_link_the_directory_changes_and_the_link_stays(lab: Lab, tmp_path: Path) -> None:
    run(lab.change("app 1.0"))
    link = tmp_path / "link"
    link.symlink_to(lab.prefix)
    assert strategy_of(link) == "swap"
    run(lab.change("app 2.0", job="1job", prefix=link))
    assert link.is_symlink()
    assert (lab.prefix / "share/app.txt").read_text() == "2.0"
    assert lab.beside() == ["tf"]


def test_a_symbolic_link_is_not_removed_for_the_environment_behind_it(lab: Lab, tmp_path: Path) -> None:
    run(lab.change("app 1.0"))
    link = tmp_path / "link"
    link.symlink_to(lab.prefix)
    with pytest.raises(Protected, match="symbolic link"):
        remove(link, "1job")


def test_a_prefix_that_is_a_mount_point_changes_in_place(lab: Lab, mount: Mount) -> None:
    run(lab.change("app 1.0", "tool"))
    made = lab.prefix.rename(lab.root / "made")
    mount(lab.prefix, "8m")
    shutil.copytree(made, lab.prefix, symlinks=True, dirs_exist_ok=True)
    assert strategy_of(lab.prefix) == "in-place"
    run(lab.change("app 2.0", "tool", job="1job"))
    assert (lab.prefix / "share/app.txt").read_text() == "2.0"
    assert lab.prefix.is_mount()
    assert lab.beside() == ["tf"]


class TestInPlace:
    """The prefix cannot be replaced as a whole."""

    @pytest.fixture(autouse=True)
    def fixed(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        run(lab.change("app 1.0", "tool"))
        (lab.prefix / "mine").mkdir()
        (lab.prefix / "mine" / "notebook.ipynb").write_text("mine")
        # Imitate the operating system's answer for a mount point.
        monkeypatch.setattr("os.path.ismount", lambda path: Path(path) == lab.prefix)

    def test_it_changes_entry_by_entry_and_nothing_is_left(self, lab: Lab) -> None:
        inode = lab.prefix.stat().st_ino
        assert strategy_of(lab.prefix) == "in-place"
        run(lab.change("app 2.0", job="1job"))
        assert lab.prefix.stat().st_ino == inode
        assert (lab.prefix / "share/app.txt").read_text() == "2.0"
        assert (lab.prefix / "mine/notebook.ipynb").read_text() == "mine"
        assert (lab.prefix / "bin/app").read_text().startswith(f"#!{lab.prefix}/bin/sh")
        assert lab.beside() == ["tf"]
        assert not [path.name for path in lab.prefix.iterdir() if path.name.startswith(staging.MARK)]

    def test_folders_without_write_permission_take_part(self, lab: Lab) -> None:
        for name in ("mine", "share"):
            (lab.prefix / name).chmod(0o555)
        with as_ordinary_user():
            run(lab.change("app 2.0", "tool", job="1job"))
        assert (lab.prefix / "share/app.txt").read_text() == "2.0"
        assert (lab.prefix / "mine/notebook.ipynb").read_text() == "mine"
        modes = {(lab.prefix / name).stat().st_mode & 0o777 for name in ("mine", "share")}
        assert modes == {0o555}

    def test_a_folder_that_only_the_old_packages_had_goes(self, lab: Lab) -> None:
        run(lab.change("tool", job="1job"))
        assert not (lab.prefix / "bin").exists()

    def test_a_failure_on_the_way_takes_everything_back(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        before = lab.tree()
        _fail_at(monkeypatch, 3, OSError(errno.EIO, "the disk fails"), once=True)
        with pytest.raises(TfenvError):
            run(lab.change("app 2.0", "tool", job="1job"))
        recovery.clear(lab.prefix, "1job")
        assert lab.tree() == before

    def test_a_death_at_any_step_is_finished_at_the_next_start(self, lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
        class Death(BaseException):
            pass

        for step in itertools.count():
            version = "12"[step % 2 == 0] + ".0"
            try:
                with monkeypatch.context() as patch:
                    _fail_at(patch, step, Death(), once=False)
                    run(lab.change(f"app {version}", "tool", job=f"{step}death"))
            except Death:
                assert recovery.settle(lab.prefix, f"{step}death") is True
                recovery.clear(lab.prefix, f"{step}death")
            else:
                break
            assert (lab.prefix / "share/app.txt").read_text() == version
            assert (lab.prefix / "mine/notebook.ipynb").read_text() == "mine"
            assert not [path.name for path in lab.prefix.iterdir() if path.name.startswith(staging.MARK)]
        assert step > 8

    def test_it_cannot_be_removed_as_a_whole(self, lab: Lab) -> None:
        with pytest.raises(Protected, match="mount point"):
            remove(lab.prefix, "1job")


def _fail_at(monkeypatch: pytest.MonkeyPatch, step: int, error: BaseException, once: bool) -> None:
    """Make the ``step``-th move of an entry fail, and all later ones unless ``once``."""
    rename = Path.rename
    calls: list[Path] = []

    def failing(self: Path, target: Path) -> Any:
        if staging.MARK in f"{self}{target}":
            calls.append(self)
            if len(calls) == step + 1 or (len(calls) > step and not once):
                raise error
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
