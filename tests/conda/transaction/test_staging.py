"""Test that deleting a tree deletes everything possible, and counts and names the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tfenv_lab.conda.transaction import staging

from ...conftest import Mount


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Make a tree to delete: two directories with one file each."""
    tree = tmp_path / ".tfenv-trash-1job-tf"
    for name in ("one", "two"):
        (tree / name).mkdir(parents=True)
        (tree / name / "file").write_text("12345")
    return tree


def test_a_tree_is_deleted(tree: Path) -> None:
    assert staging.discard(tree) is None
    assert not tree.exists()


def test_a_tree_that_does_not_exist_is_not_an_error(tree: Path) -> None:
    shutil.rmtree(tree)
    assert staging.discard(tree) is None


def test_a_link_is_deleted_and_what_it_leads_to_stays(tree: Path) -> None:
    link = tree.with_name("link")
    link.symlink_to(tree)
    (tree / "one/out").symlink_to(tree / "two")
    assert staging.discard(link) is None
    assert staging.discard(tree / "one") is None
    assert (tree / "two/file").read_text() == "12345"


def test_folders_without_permissions_are_opened_first(tree: Path) -> None:
    (tree / "one").chmod(0o500)
    (tree / "two").chmod(0)
    assert staging.discard(tree) is None
    assert not tree.exists()


def test_what_is_in_use_is_counted_and_named_and_the_rest_is_deleted(tree: Path, mount: Mount) -> None:
    mount(tree / "one", "1m")
    (tree / "one/kept").write_text("123")
    left = staging.discard(tree)
    assert left is not None
    assert (left.path, left.files, left.bytes) == (str(tree), 0, 0)
    assert str(tree / "one") in left.reason
    assert not (tree / "two").exists()


@pytest.fixture
def immutable(tree: Path) -> Iterator[Path]:
    """Make a file that not even root can delete (``chattr +i``)."""
    file = tree / "one/file"
    done = subprocess.run(["chattr", "+i", file], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"chattr +i is not possible here: {done.stderr.strip()}")
    yield file
    subprocess.run(["chattr", "-i", file], capture_output=True, check=False)  # a test may have deleted it


def test_an_immutable_file_stays_with_its_size_and_the_reason(tree: Path, immutable: Path) -> None:
    left = staging.discard(tree)
    assert left is not None
    assert (left.files, left.bytes) == (1, 5)
    assert "not permitted" in left.reason
    assert str(immutable) in left.reason
    assert "1 file (0.0 MB) could not be deleted" in left.describe()
    subprocess.run(["chattr", "-i", immutable], check=True)
    assert staging.discard(tree) is None


def test_what_another_user_owns_stays_and_is_named(tmp_path: Path) -> None:
    """After ``sudo pip install``, an environment can contain a directory of root."""
    if os.getuid() != 0:
        pytest.skip("only root can give files to another user")
    other = 65534
    for path in [tmp_path, *tmp_path.parents]:
        if path.stat().st_uid == 0 and path != Path("/") and path.stat().st_mode & 0o005 != 0o005:
            path.chmod(path.stat().st_mode | 0o055)
    tree = tmp_path / "folder/.tfenv-trash-1job-tf"
    (tree / "site-packages/of-root").mkdir(parents=True)
    (tree / "site-packages/of-root/module.py").write_text("root's")
    (tree / "mine.txt").write_text("mine")
    for path in (tree.parent, tree, tree / "site-packages", tree / "mine.txt"):
        os.chown(path, other, other)
    child = os.fork()
    if child == 0:  # run as the other user in a process that pytest does not notice
        os.setuid(other)
        left = staging.discard(tree)
        is_told = left is not None and left.files == 1 and "of-root" in left.reason
        os._exit(0 if is_told else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not (tree / "mine.txt").exists()
    assert (tree / "site-packages/of-root/module.py").exists()


def test_leftovers_of_every_role_are_found(tmp_path: Path) -> None:
    for role in ("new", "old", "trash", "other"):
        (tmp_path / f".tfenv-{role}-{role}job-my-env").mkdir()
    found = staging.leftovers([tmp_path / "any"])
    assert found == {(f"{role}job", tmp_path / "my-env") for role in ("new", "old", "trash")}


@pytest.mark.parametrize("name", ["in use", "tab\there\\", "m"])
def test_what_is_mounted_in_a_tree_is_not_deleted_with_it(tmp_path: Path, mount: Mount, name: str) -> None:
    tree = tmp_path / "tree"
    place = mount(tree / "share" / name, "1m")
    (place / "mine.ipynb").write_text("mine")
    (tree / "share/theirs.txt").write_text("x")
    (tree / "share/more/deep").mkdir(parents=True)
    (tree / "share/link").symlink_to(place)
    (tree / "lib").mkdir()
    left = staging.discard(tree)
    assert left is not None
    assert (left.files, left.bytes, left.reason) == (0, 0, f"{place}: a file system is mounted here")
    assert (place / "mine.ipynb").read_text() == "mine"
    assert sorted(tree.rglob("*")) == [tree / "share", place, place / "mine.ipynb"]
    subprocess.run(["umount", "-l", place], check=True)
    assert staging.discard(tree) is None
