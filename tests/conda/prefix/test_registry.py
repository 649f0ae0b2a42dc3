"""Test that conda's list of prefixes has each prefix once, and that other lines stay as they are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfenv_lab.conda.prefix import registry

ODD = b"/srv/caf\xe9\n/srv/with\xe2\x80\xa8line\n# a comment\n\n/srv/my env\n"


@pytest.fixture
def noted(clean_home: Path) -> Path:
    path = clean_home / ".conda" / "environments.txt"
    path.parent.mkdir()
    path.write_bytes(ODD)
    return path


def test_a_prefix_is_entered_once(clean_home: Path) -> None:
    for _ in range(2):
        registry.register(Path("/srv/tf"))
    assert registry.registry_path().read_text() == "/srv/tf\n"


def test_what_others_wrote_stays_as_it_is(noted: Path) -> None:
    registry.register(Path("/srv/tf"))
    assert noted.read_bytes() == ODD + b"/srv/tf\n"
    registry.unregister(Path("/srv/tf"))
    assert noted.read_bytes() == ODD


def test_a_path_that_is_not_utf8_is_added_and_removed(noted: Path) -> None:
    odd = Path(os.fsdecode(b"/srv/caf\xe9"))
    registry.register(odd)
    assert noted.read_bytes() == ODD
    registry.unregister(odd)
    assert noted.read_bytes() == ODD.partition(b"\n")[2]


def test_a_last_line_without_its_end_is_a_line(noted: Path) -> None:
    noted.write_bytes(b"/srv/a")
    registry.register(Path("/srv/tf"))
    assert noted.read_bytes() == b"/srv/a\n/srv/tf\n"


def test_a_list_without_end_stays_as_it_is(clean_home: Path, tmp_path: Path) -> None:
    path = registry.registry_path()
    path.parent.mkdir()
    with path.open("w") as file:
        file.truncate(registry.LARGEST + 1)
    registry.register(tmp_path)
    assert path.stat().st_size == registry.LARGEST + 1


def test_a_home_that_cannot_be_written_is_no_error(clean_home: Path) -> None:
    (clean_home / ".conda").write_text("a file where conda has a directory")
    registry.register(Path("/srv/tf"))
    registry.unregister(Path("/srv/tf"))
    assert (clean_home / ".conda").is_file()
