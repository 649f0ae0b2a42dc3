"""Packages of a channel on this machine report their bytes while they are read, as downloads do."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from tfenv_lab.conda.transaction import local_packages
from tfenv_lab.conda.transaction.local_packages import LocalPackages, followed

from ..conftest import Lab, Watched, run

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows does not list open files")


@pytest.fixture
def archive(lab: Lab) -> Path:
    """A package file of 2 MB that the channel of the lab has."""
    path = lab.channel.add("big", "1.0", files={"big.bin": os.urandom(2_000_000)})
    lab.channel.index()
    return path


def test_the_position_in_an_open_file_is_known_and_stays(lab: Lab, archive: Path) -> None:
    packages = LocalPackages(run(lab.solve("big")))
    assert packages.positions() == {}
    with archive.open("rb", buffering=0) as file:
        file.read(1234)
        assert packages.positions() == {"big": 1234}
        assert file.tell() == 1234
    assert packages.positions() == {}


def test_a_file_that_is_missing_has_no_position(lab: Lab, archive: Path) -> None:
    records = run(lab.solve("big"))
    archive.unlink()
    assert LocalPackages(records).positions() == {}


def test_what_is_read_meanwhile_is_reported(lab: Lab, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_packages, "LOOK", 0.001)
    told: list[tuple[str, int]] = []

    async def read() -> None:
        async with followed(await lab.solve("big"), lambda name, done: told.append((name, done))):
            with archive.open("rb", buffering=0) as file:
                for end in (1000, 2000):
                    file.seek(end)
                    while ("big", end) not in told:
                        await asyncio.sleep(0.001)

    run(read())
    assert list(dict.fromkeys(told)) == [("big", 1000), ("big", 2000)]


def test_a_real_change_reports_bytes_before_a_package_is_unpacked(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local_packages, "LOOK", 0.001)
    lab.channel.add("wide", "1.0", files={f"share/{n}.bin": os.urandom(20_000) for n in range(2000)})
    lab.channel.index()
    watcher = Watched()
    run(lab.change("wide", watcher=watcher))
    assert [each for each in watcher.seen if 0 < each.done_bytes < each.total_bytes]
    assert watcher.seen[-1].done_bytes == watcher.seen[-1].total_bytes
