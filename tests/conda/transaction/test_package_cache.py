"""Test that a damaged package in the package cache is fetched again, and never linked."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from rattler import PackageRecord, RepoDataRecord

from tfenv_lab.errors import JobFailed, TfenvError

from ..conftest import Lab, run
from ..http_channel import HttpChannel


def _cut(path: Path) -> None:
    os.truncate(path, 1)


def _alter(path: Path) -> None:
    path.write_text("X" * path.stat().st_size)


def _grow(path: Path) -> None:
    with path.open("a") as file:
        file.write("more")


def _replace_with_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


_FAULTS: list[Callable[[Path], None]] = [Path.unlink, _cut, _alter, _grow, _replace_with_folder]


@pytest.mark.parametrize("fault", _FAULTS)
@pytest.mark.parametrize("path", ["bin/app", "share/app.txt"])
def test_a_damaged_file_is_noticed_and_its_package_is_fetched_again(
    lab: Lab, url: str, path: str, fault: Callable[[Path], None], capfd: pytest.CaptureFixture[str]
) -> None:
    records = run(lab.solve("app 1.0", url=url))
    run(lab.change("app 1.0", records=records))
    right = lab.tree()
    shutil.rmtree(lab.prefix)
    fault(lab.root / "pkgs/app-1.0-0" / path)
    run(lab.change("app 1.0", job="1job", records=records))
    assert {name: content for name, content in lab.tree().items() if name.startswith(("bin", "share", "lib"))} == {
        name: content for name, content in right.items() if name.startswith(("bin", "share", "lib"))
    }
    assert "app-1.0-0 in the package cache is damaged: its" in capfd.readouterr().err
    assert [entry.name for entry in (lab.root / "pkgs").iterdir() if entry.name.startswith(".tfenv")] == []


@pytest.mark.parametrize("name", ["index.json", "paths.json"])
@pytest.mark.parametrize("fault", [Path.unlink, _cut, _replace_with_folder])
def test_a_damaged_list_of_files_is_noticed(lab: Lab, name: str, fault: Callable[[Path], None]) -> None:
    run(lab.change("app 1.0"))
    shutil.rmtree(lab.prefix)
    fault(lab.root / "pkgs/app-1.0-0/info" / name)
    run(lab.change("app 1.0", job="1job"))
    assert (lab.prefix / "share/app.txt").read_text() == "1.0"


def test_what_is_edited_in_an_environment_does_not_reach_the_next_one(lab: Lab) -> None:
    """An editor that writes a file in place also changes the cache, which has the same file by a hard link."""
    run(lab.change("app 1.0"))
    _alter(lab.prefix / "share/app.txt")
    other = lab.prefix.with_name("other")
    run(lab.change("app 1.0", job="1job", prefix=other))
    assert (other / "share/app.txt").read_text() == "1.0"
    assert (lab.prefix / "share/app.txt").read_text() == "XXX"


def test_whole_packages_are_not_fetched_again(lab: Lab) -> None:
    served = HttpChannel(lab.channel.root)
    served.up()
    records = run(lab.solve("app 1.0", url=served.url))
    run(lab.change("app 1.0", records=records))
    shutil.rmtree(lab.prefix)
    served.down()
    run(lab.change("app 1.0", job="1job", records=records))
    assert (lab.prefix / "share/app.txt").read_text() == "1.0"


def test_a_package_whose_own_list_is_wrong_is_linked_and_fetched_again_only_once(lab: Lab) -> None:
    lab.channel.add("sloppy", "1.0", files={"share/a": "abc"}, listed=[{"_path": "share/a", "size_in_bytes": 7}])
    lab.channel.index()
    served = HttpChannel(lab.channel.root)
    served.up()
    records = run(lab.solve("sloppy", url=served.url))
    for number in range(2):
        run(lab.change("sloppy", job=f"{number}job", records=records))
        shutil.rmtree(lab.prefix)
    served.down()
    run(lab.change("sloppy", job="3job", records=records))
    assert (lab.prefix / "share/a").read_text() == "abc"


def _with_md5_only(record: RepoDataRecord) -> RepoDataRecord:
    bare = PackageRecord(
        record.name.normalized, str(record.version), record.build, record.build_number, record.subdir, md5=record.md5
    )
    return RepoDataRecord(bare, record.file_name, record.url, record.channel)


def test_a_package_with_only_an_md5_on_this_machine_is_verified(lab: Lab) -> None:
    (tool,) = run(lab.solve("tool"))
    record = _with_md5_only(tool)
    run(lab.change("tool", records=[record]))
    shutil.rmtree(lab.prefix)
    shutil.rmtree(lab.root / "pkgs")
    lab.channel.add("tool", "1.0", noarch="generic", files={"share/other": "changed"})
    with pytest.raises(JobFailed, match=r"hash of the package tool-1\.0-0\.conda differs"):
        run(lab.change("tool", job="1job", records=[record]))
    assert not lab.prefix.exists()


def test_a_package_that_is_missing_from_a_channel_on_this_machine_is_named(lab: Lab) -> None:
    records = run(lab.solve("tool"))
    (lab.channel.root / "noarch/tool-1.0-0.conda").unlink()
    with pytest.raises(TfenvError, match=r"The channel has no file .*tool-1\.0-0\.conda"):
        run(lab.change("tool", records=records))
