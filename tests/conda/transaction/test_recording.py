"""Test the permissions of an environment's records: other users need them to list, export and copy it."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..conftest import Lab


@pytest.fixture(params=[0o022, 0o002, 0o077], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def _modes(prefix: Path) -> set[int]:
    return {stat.S_IMODE(path.stat().st_mode) for path in (prefix / "conda-meta").glob("*.json")}


def test_the_records_of_a_new_environment_have_the_permissions_of_new_files(lab: Lab, umask: int) -> None:
    asyncio.run(lab.change("app ==1.0"))
    assert _modes(lab.prefix) == {0o666 & ~umask}


def test_a_change_corrects_the_records_of_packages_that_stay(lab: Lab, umask: int) -> None:
    asyncio.run(lab.change("app ==1.0", "tool"))
    for path in (lab.prefix / "conda-meta").glob("*.json"):
        path.chmod(0o600)
    asyncio.run(lab.change("app ==2.0", "tool", job="1job"))
    assert _modes(lab.prefix) == {0o666 & ~umask}


def test_other_permissions_that_a_user_set_stay(lab: Lab) -> None:
    asyncio.run(lab.change("app ==1.0", "tool"))
    record = next((lab.prefix / "conda-meta").glob("tool-*.json"))
    record.chmod(0o640)
    asyncio.run(lab.change("app ==2.0", "tool", job="1job"))
    assert stat.S_IMODE(record.stat().st_mode) == 0o640
