"""Test the sentences about directories that cannot be used, and about errors of the operating system."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from tfenv_lab.disk import faults

from ..conftest import Mount
from ..privileges import as_ordinary_user, give_away


def test_a_directory_that_can_be_written_or_created_has_no_fault(tmp_path: Path) -> None:
    with as_ordinary_user():
        assert faults.fault(tmp_path) is None
        assert faults.fault(tmp_path / "a/b") is None


def test_the_owner_of_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    give_away(tmp_path / "a")
    with as_ordinary_user():
        said = faults.fault(tmp_path / "a/b/c")
    assert said is not None
    assert said.startswith(f"{tmp_path / 'a'} belongs to the user ")


def test_a_directory_inside_one_that_cannot_be_entered_has_a_fault(tmp_path: Path) -> None:
    (tmp_path / "a/b").mkdir(parents=True)
    give_away(tmp_path / "a").chmod(0o700)
    with as_ordinary_user():
        assert (faults.fault(tmp_path / "a/b") or "").startswith(f"{tmp_path / 'a'} belongs to ")


def test_files_and_dead_links_in_the_place_of_directories_are_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "link").symlink_to("nowhere")
    assert faults.fault(tmp_path / "file/a") == f"{tmp_path / 'file'} is not a directory"
    assert faults.fault(tmp_path / "link") == f"{tmp_path / 'link'} is a link to a directory that does not exist"


def test_a_read_only_file_system_is_named(tmp_path: Path, mount: Mount) -> None:
    place = mount(tmp_path / "place", "1m,ro")
    assert faults.fault(place / "a") == f"{place} is on a read-only file system"


def test_flags_of_a_file_system_count_for_directories_to_be_created(tmp_path: Path, mount: Mount) -> None:
    place = mount(tmp_path / "place", "1m,noexec")
    assert faults.has_mount_flag(place / "a/b", "ST_NOEXEC")
    assert not faults.has_mount_flag(place / "a/b", "ST_RDONLY")


def test_files_of_one_file_system_can_be_linked_and_no_probe_stays(tmp_path: Path, mount: Mount) -> None:
    place = mount(tmp_path / "place", "1m")
    (tmp_path / "a").mkdir()
    (tmp_path / "a/file").write_text("")
    assert faults.can_link(tmp_path / "a", tmp_path / "b")
    assert faults.can_link(tmp_path / "a/file", tmp_path)
    assert not faults.can_link(tmp_path / "a", place)
    assert not faults.can_link(tmp_path / "a/file", place)
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["file"]
    assert list(place.iterdir()) == []


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/d/f"), "The disk is full (/d/f)."),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "/d/f"), "Your disk quota is used up (/d/f)."),
        (RuntimeError("failed to link: Disk quota exceeded (os error 122)"), "Your disk quota is used up."),
        (RuntimeError("failed to unpack: os error 28"), "The disk is full."),
        (RuntimeError("[Errno 122] Disk quota exceeded"), "Your disk quota is used up."),
    ],
)
def test_a_full_disk_and_a_used_quota_are_recognized(error: Exception, message: str) -> None:
    try:
        raise ValueError("the packages could not be installed") from error
    except ValueError as raised:
        assert faults.is_full(raised)
        assert faults.no_space(raised).message == message


def test_other_errors_are_no_lack_of_space() -> None:
    assert not faults.is_full(RuntimeError("os error 281"))
    assert not faults.is_full(OSError(errno.EACCES, "Permission denied"))


@pytest.mark.parametrize("code", [errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EIO])
def test_an_error_about_a_path_names_it(tmp_path: Path, code: int) -> None:
    found = faults.translated(OSError(code, os.strerror(code), str(tmp_path / "f")))
    assert found is not None
    assert (found.status, found.reason) == (403, "unusable-directory")
    assert str(tmp_path / "f") in found.message


def test_an_error_that_is_not_of_the_users_directories_stays_as_it_is() -> None:
    assert faults.translated(FileNotFoundError(errno.ENOENT, "No such file", "/a")) is None
    assert faults.translated(OSError(errno.EACCES, "Permission denied")) is None


@pytest.mark.parametrize(
    ("error", "reason", "message"),
    [
        (OSError(errno.EIO, "Input/output error", "/d/f"), "unusable-directory", "/d/f cannot be used: Input/output"),
        (OSError(errno.EROFS, "Read-only file system"), "unusable-directory", "A directory cannot be used: Read-only"),
        (OSError(errno.EMFILE, "Too many open files", "/d/f"), "too-many-files", "There are too many open files."),
        ("cause: Too many open files (os error 24) at path `/d`", "too-many-files", "There are too many open files."),
        ("failed to copy `/a` to `/d/f`: os error 5", "unusable-directory", "/d/f cannot be used: Input/output error"),
        ("os error 28 at path '/d/f'", "no-space", "The disk is full (/d/f"),
        ("[Errno 5] and then No space left on device", "no-space", "The disk is full"),
    ],
)
def test_errors_of_drives_have_words_of_their_own(error: OSError | str, reason: str, message: str) -> None:
    found = faults.of_system(error, "Nothing was changed.")
    assert found is not None
    assert found.reason == reason
    assert found.message.startswith(message)
    assert found.message.endswith("Nothing was changed.")
    assert found.hint


@pytest.mark.parametrize("error", [ValueError("5"), OSError(errno.ENOENT, "No such file"), "HTTP status 500", ""])
def test_other_errors_are_not_those_of_a_drive(error: Exception | str) -> None:
    assert faults.of_system(error) is None


def test_a_full_disk_says_what_is_free(tmp_path: Path, mount: Mount) -> None:
    place = mount(tmp_path / "place", "1m")
    told = faults.no_space(OSError(errno.ENOSPC, "No space left on device", str(place / "a"))).message
    assert told == f"The disk is full ({place / 'a'}, 1.0 MB free)."


def test_a_file_system_without_room_for_files_says_so(tmp_path: Path, mount: Mount) -> None:
    place = mount(tmp_path / "place", "1m,nr_inodes=3")
    with pytest.raises(OSError, match="No space left") as failed:
        for number in range(9):
            (place / str(number)).touch()
    told = faults.no_space(failed.value)
    assert told.message.startswith(f"The file system has no room for another file ({place}/")
    assert "limits their number" in (told.hint or "")
