"""Paths as users write them: ``~`` is a home directory, if there is such a user."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfenv_lab.disk.paths import as_written, expanded


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
