"""Paths as users write them: ``~`` is a home directory, if there is such a user."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tfenv_lab.disk.paths import as_written, expanded, instead_of_netrc


@pytest.mark.parametrize(("text", "path"), [("~", "."), ("~/envs", "envs"), ("~//envs", "envs")])
def test_the_home_directory_is_inserted(text: str, path: str, clean_home: Path) -> None:
    assert expanded(text) == as_written(text) == clean_home / path


@pytest.mark.parametrize("text", ["/opt/envs", "envs", "./~x", "a/~/b"])
def test_other_paths_stay_as_they_are(text: str) -> None:
    assert expanded(text) == as_written(text) == Path(text)


@pytest.mark.parametrize("text", ["~formeruser", "~formeruser/envs", "~-/x", "~é/envs"])
def test_a_user_who_does_not_exist_has_no_home_directory(text: str) -> None:
    assert expanded(text) is None
    assert as_written(text) == Path(text)


def test_a_netrc_that_is_a_file_or_missing_is_read(clean_home: Path) -> None:
    assert instead_of_netrc({}) is None
    (clean_home / ".netrc").write_text("")
    assert instead_of_netrc({}) is None


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir], ids=["pipe", "directory"])
def test_nothing_waits_for_a_netrc_that_is_no_file(clean_home: Path, make: Callable[[Path], None]) -> None:
    make(clean_home / ".netrc")
    make(clean_home / "other")
    assert instead_of_netrc({}) == os.devnull
    assert instead_of_netrc({"NETRC": str(clean_home / "other")}) == os.devnull
