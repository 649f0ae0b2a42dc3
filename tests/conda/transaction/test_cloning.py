"""Test that a clone shares files, leaves out removed ones, and keeps what users change meanwhile."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tfenv_lab.conda.transaction import carrying, cloning, staging

OWNED = {"lib/owned.txt", "lib/gone.txt"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a prefix with files of packages (``OWNED``) and of a user, all one hour old."""
    prefix = tmp_path / "tf"
    for name in (
        *OWNED,
        "conda-meta/history",
        "notes/a.txt",
        "notes/b.txt",
        "old/only.txt",
        "lib/__pycache__/gone.pyc",
    ):
        (prefix / name).parent.mkdir(parents=True, exist_ok=True)
        (prefix / name).write_text(name)
    (prefix / "notes/link").symlink_to("a.txt")
    (prefix / "empty").mkdir()
    _age(prefix)
    return prefix


def _age(prefix: Path) -> None:
    at = (prefix.stat().st_mtime_ns - 3_600_000_000_000,) * 2
    for path in (prefix, *prefix.rglob("*")):
        os.utime(path, ns=at, follow_symlinks=False)


def _clone(tree: Path, without: set[str] | None = None) -> tuple[Path, cloning.Snapshot]:
    staged = tree.with_name("staged")
    clone = cloning.ClonedTree(tree, staged, without or set(), OWNED)
    clone.begin()
    return staged, clone.complete()


def _names(tree: Path) -> set[str]:
    return {path.relative_to(tree).as_posix() for path in tree.rglob("*") if not path.is_dir()}


def test_contents_are_shared_but_those_of_conda_meta(tree: Path) -> None:
    staged, _ = _clone(tree)
    assert _names(staged) == _names(tree)
    assert (staged / "notes/a.txt").samefile(tree / "notes/a.txt")
    assert not (staged / "conda-meta/history").samefile(tree / "conda-meta/history")
    assert (staged / "notes/link").readlink() == Path("a.txt")
    assert (staged / "empty").is_dir()


def test_modes_and_times_of_directories_are_kept(tree: Path) -> None:
    (tree / "notes").chmod(0o2750)
    staged, _ = _clone(tree)
    kept, copied = (tree / "notes").stat(), (staged / "notes").stat()
    assert (copied.st_mode, copied.st_mtime_ns) == (kept.st_mode, kept.st_mtime_ns)


def test_what_goes_is_left_out_with_its_bytecode_and_its_empty_directory(tree: Path) -> None:
    staged, _ = _clone(tree, {"lib/gone.txt", "lib/gone.py", "old/only.txt", "conda-meta/history"})
    assert _names(tree) - _names(staged) == {
        "lib/gone.txt", "lib/__pycache__/gone.pyc", "old/only.txt", "conda-meta/history",
    }  # fmt: skip
    assert not (staged / "old").exists()


def test_what_is_linked_into_the_clone_meanwhile_stays(tree: Path) -> None:
    staged = tree.with_name("staged")
    clone = cloning.ClonedTree(tree, staged, (), OWNED)
    clone.begin()
    (staged / "notes").mkdir(exist_ok=True)
    (staged / "notes/a.txt").write_text("a package's")
    clone.complete()
    assert (staged / "notes/a.txt").read_text() == "a package's"
    assert (staged / "notes/b.txt").read_text() == "notes/b.txt"


@pytest.mark.parametrize("comes", ["file", "nothing"])
def test_a_package_can_replace_an_empty_directory_meanwhile(tree: Path, comes: str) -> None:
    (tree / "empty").chmod(0o550)
    staged = tree.with_name("staged")
    clone = cloning.ClonedTree(tree, staged, (), OWNED)
    clone.begin()
    (staged / "empty").rmdir()
    if comes == "file":
        (staged / "empty").write_text("a package's")
    clone.complete()
    clone.close()
    assert [path.read_text() for path in staged.glob("empty")] == (["a package's"] if comes == "file" else [])


def test_a_file_that_vanishes_while_it_is_cloned_is_not_missed(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def vanishing(source: str, target: str, **options: bool) -> None:
        if source.endswith("b.txt"):
            Path(source).unlink()
        link(source, target, **options)

    monkeypatch.setattr(os, "link", vanishing)
    staged, _ = _clone(tree)
    assert "notes/b.txt" not in _names(staged)
    assert "notes/a.txt" in _names(staged)


def test_changes_by_users_meanwhile_are_carried_over(tree: Path) -> None:
    staged, snapshot = _clone(tree)
    fresh = tree / "notes/a.txt"
    fresh.unlink()
    fresh.write_text("saved anew, as editors do")
    (tree / "notes/b.txt").unlink()
    (tree / "notes/link").unlink()
    (tree / "notes/link").symlink_to("new/deep.txt")
    (tree / "notes/new").mkdir()
    (tree / "notes/new/deep.txt").write_text("new")
    (tree / "top.txt").write_text("new")
    brought = carrying.carry_over(tree, staged, snapshot, OWNED)
    assert set(brought) == {"notes/a.txt", "notes/link", "notes/new/deep.txt", "top.txt"}
    assert _names(staged) == _names(tree)
    assert (staged / "notes/a.txt").read_text() == "saved anew, as editors do"
    assert (staged / "notes/link").read_text() == "new"


def test_what_packages_own_is_not_carried_over(tree: Path) -> None:
    staged, snapshot = _clone(tree, {"lib/gone.txt"})
    (tree / "lib/owned.txt").unlink()
    (tree / "lib/fresh.txt").write_text("of a package that is linked now")
    assert carrying.carry_over(tree, staged, snapshot, {*OWNED, "lib/fresh.txt"}) == []
    assert (staged / "lib/owned.txt").exists()
    assert not (staged / "lib/gone.txt").exists()


def test_a_file_added_within_one_tick_of_the_clock_is_carried_over(tree: Path) -> None:
    (tree / "notes/just.txt").write_text("saved a moment before")
    staged, snapshot = _clone(tree)
    before = (tree / "notes").stat()
    (tree / "notes/same.txt").write_text("saved within the same tick")
    os.utime(tree / "notes", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert carrying.carry_over(tree, staged, snapshot, OWNED) == ["notes/same.txt"]


def test_a_file_that_becomes_a_folder_is_one_afterwards(tree: Path) -> None:
    staged, snapshot = _clone(tree)
    (tree / "notes/a.txt").unlink()
    (tree / "notes/a.txt").mkdir()
    (tree / "notes/a.txt/inside").write_text("x")
    carrying.carry_over(tree, staged, snapshot, OWNED)
    assert (staged / "notes/a.txt/inside").read_text() == "x"


def test_where_nothing_can_be_shared_files_are_copied(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        # A stub is needed to imitate a file system without hard links.
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    staged, _ = _clone(tree)
    assert _names(staged) == _names(tree)
    assert not (staged / "notes/a.txt").samefile(tree / "notes/a.txt")
    assert (staged / "notes/link").readlink() == Path("a.txt")


def test_a_staging_directory_inside_a_prefix_is_not_cloned(tree: Path) -> None:
    (tree / f"{staging.MARK}new-1-tf").mkdir()
    staged, _ = _clone(tree)
    assert not list(staged.glob(f"{staging.MARK}*"))


@pytest.mark.parametrize("is_renamed", [True, False])
def test_links_that_name_the_prefix_lead_into_the_new_one_by_either_path_to_it(tree: Path, is_renamed: bool) -> None:
    other = tree.with_name("other")
    other.symlink_to(tree.parent)
    (tree / "notes/real").symlink_to(tree / "notes/a.txt")
    (tree / "notes/linked").symlink_to(other / "tf/notes/a.txt")
    new = tree.with_name("new") if is_renamed else other / "tf"
    clone = cloning.ClonedTree(other / "tf", tree.with_name("staged"), (), OWNED, new)
    clone.begin()
    clone.complete()
    found = {name: (tree.with_name("staged") / "notes" / name).readlink() for name in ("real", "linked")}
    at = {name: new / "notes/a.txt" for name in found} if is_renamed else {
        "real": tree / "notes/a.txt", "linked": other / "tf/notes/a.txt",
    }  # fmt: skip
    assert found == at


def test_a_link_that_changes_meanwhile_is_retargeted_too(tree: Path) -> None:
    staged, snapshot = _clone(tree)
    (tree / "notes/late").symlink_to(tree / "notes/b.txt")
    new = tree.with_name("new")
    carrying.carry_over(tree, staged, snapshot, OWNED, new)
    assert (staged / "notes/late").readlink() == new / "notes/b.txt"


@pytest.mark.parametrize("code", [errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES])
def test_files_are_copied_whatever_forbids_hard_links(tree: Path, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "link", refuse)
    staged, _ = _clone(tree)
    assert _names(staged) == _names(tree)


def test_a_directory_can_be_written_until_the_tree_is_closed(tree: Path) -> None:
    (tree / "notes").chmod(0o555)
    staged = tree.with_name("staged")
    clone = cloning.ClonedTree(tree, staged, (), OWNED)
    clone.begin()
    clone.complete()
    assert (staged / "notes").stat().st_mode & 0o777 == 0o755
    clone.close()
    assert (staged / "notes").stat().st_mode & 0o777 == 0o555
