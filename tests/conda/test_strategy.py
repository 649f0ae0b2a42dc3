"""How a change takes its place: in one step, in two where the system has no other way, or not at all."""

from __future__ import annotations

import errno
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda import staging, transaction
from tfenv_lab.conda.strategy import strategy_of
from tfenv_lab.errors import Protected, TfenvError

from .conftest import Lab
from .test_transaction import run


def _cannot(*_: object) -> None:
    raise OSError(errno.ENOSYS, "this system cannot exchange two directories")


@pytest.fixture
def no_exchange(monkeypatch: pytest.MonkeyPatch) -> None:
    """The edge: a system without an exchange of directories, as Windows is."""
    monkeypatch.setattr(staging, "_rename2", _cannot)


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
    staging.clone(lab.prefix, staged)
    lab.prefix.rename(staging.trash_path(lab.prefix, "1job"))
    transaction.undo(lab.prefix, "1job")
    assert (lab.prefix / "share/app.txt").read_text() == "1.0"
    assert lab.beside() == ["tf"]


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
        """The edge: macOS's C library."""

        @staticmethod
        def renamex_np(*arguments: object) -> int:
            calls.append(arguments)
            return 0

    monkeypatch.setattr("sys.platform", "darwin")
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: Library)
    staging.exchange(tmp_path / "a", tmp_path / "b")
    assert calls == [(str(tmp_path / "a").encode(), str(tmp_path / "b").encode(), 2)]


def test_a_symbolic_link_is_refused_with_where_it_leads(lab: Lab, tmp_path: Path) -> None:
    run(lab.change("app 1.0"))
    link = tmp_path / "link"
    link.symlink_to(lab.prefix)
    with pytest.raises(Protected, match="symbolic link"):
        strategy_of(link)
