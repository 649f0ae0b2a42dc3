"""Test that nothing is lost that users write until the swap, and that what they write after it stays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tfenv_lab.conda.transaction import carrying
from tfenv_lab.conda.transaction.cloning import Snapshot

from ...shims import built
from ..conftest import Lab, run

#: Writes new files and saves one file again and again, as an editor does, until it is told to end.
_WRITER = """
import itertools, os, select, sys, time
root = sys.argv[1]
for number in itertools.count():
    with open(f"{root}/notes/{number}", "w") as file:
        file.write(str(number))
    try:
        with open(f"{root}/notes/saving", "w") as file:
            file.write(str(number))
        os.replace(f"{root}/notes/saving", f"{root}/notes/saved")
    except FileNotFoundError:  # the tree was swapped between the two steps
        pass
    else:
        saved = number
    with open(f"{root}/notes/log", "a") as file:
        file.write(f"{number}\\n")
    if number == 0:
        print("begun", flush=True)
    if select.select([sys.stdin], [], [], 0.0005)[0]:
        break
print(number, saved)
"""


@contextmanager
def _writing(prefix: Path) -> Iterator[list[int]]:
    """Let another process write to a prefix. The list gets the number of the last file, and of the last saved one."""
    (prefix / "notes").mkdir()
    writer = subprocess.Popen(
        [sys.executable, "-S", "-c", _WRITER, str(prefix)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    assert writer.stdout.readline() == "begun\n"
    last: list[int] = []
    try:
        yield last
    finally:
        output, _ = writer.communicate("end\n", timeout=60)
        last += map(int, output.split())


def _require_all(notes: Path, last: list[int]) -> None:
    numbers = range(last[0] + 1)
    assert [number for number in numbers if not (notes / str(number)).exists()] == []
    assert [number for number in numbers if (notes / str(number)).read_text() != str(number)] == []
    assert int((notes / "saved").read_text()) == last[1]
    assert (notes / "log").read_text().split() == list(map(str, numbers))


@pytest.mark.parametrize("times", [pytest.param(4, id="4"), pytest.param(40, id="40", marks=pytest.mark.long)])
def test_a_steady_writer_loses_nothing_in_updates(lab: Lab, times: int) -> None:
    run(lab.change("app 1.0"))
    with _writing(lab.prefix) as last:
        for number in range(times):
            run(lab.change(f"app {1 + (number + 1) % 2}.0", job=f"{number}job"))
    _require_all(lab.prefix / "notes", last)


class TestRescue:
    """The tree ``old`` was replaced by the tree ``prefix``, which shares its files."""

    @pytest.fixture
    def trees(self, tmp_path: Path) -> tuple[Path, Path, Snapshot]:
        old, prefix = tmp_path / "old", tmp_path / "tf"
        (old / "notes").mkdir(parents=True)
        (prefix / "notes").mkdir(parents=True)
        snapshot = Snapshot(folders={"": -1, "notes/": -1})
        for name in ("notes/a.txt", "notes/b.txt"):
            (old / name).write_text("before")
            os.link(old / name, prefix / name)
            status = (old / name).stat()
            snapshot.files[name] = (status.st_ino, status.st_mtime_ns)
        return old, prefix, snapshot

    def test_new_files_and_folders_are_brought(self, trees: tuple[Path, Path, Snapshot]) -> None:
        old, prefix, snapshot = trees
        (old / "notes/deep").mkdir()
        (old / "notes/deep/new.txt").write_text("new")
        (old / "notes/link").symlink_to("a.txt")
        assert set(carrying.rescue(old, prefix, snapshot, ())) == {"notes/deep/new.txt", "notes/link"}
        assert (prefix / "notes/deep/new.txt").read_text() == "new"
        assert (prefix / "notes/link").read_text() == "before"

    def test_a_file_that_was_saved_anew_is_brought(self, trees: tuple[Path, Path, Snapshot]) -> None:
        old, prefix, snapshot = trees
        (old / "notes/a.txt").unlink()
        (old / "notes/a.txt").write_text("after")
        assert carrying.rescue(old, prefix, snapshot, ()) == ["notes/a.txt"]
        assert (prefix / "notes/a.txt").read_text() == "after"
        assert list((prefix / "notes").glob(".tfenv*")) == []

    def test_what_was_written_after_the_swap_stays(self, trees: tuple[Path, Path, Snapshot]) -> None:
        old, prefix, snapshot = trees
        for name in ("a.txt", "new.txt"):
            (old / "notes" / name).unlink(missing_ok=True)
            (old / "notes" / name).write_text("before the swap")
            os.utime(old / "notes" / name, (1e9, 1e9))
            (prefix / "notes" / name).unlink(missing_ok=True)
            (prefix / "notes" / name).write_text("after the swap")
        assert carrying.rescue(old, prefix, snapshot, ()) == []
        assert (prefix / "notes/a.txt").read_text() == "after the swap"
        assert (prefix / "notes/new.txt").read_text() == "after the swap"

    def test_a_file_that_was_deleted_is_deleted_unless_it_was_written_since(
        self, trees: tuple[Path, Path, Snapshot]
    ) -> None:
        old, prefix, snapshot = trees
        for name in ("a.txt", "b.txt"):
            (old / "notes" / name).unlink()
        (prefix / "notes/b.txt").unlink()
        (prefix / "notes/b.txt").write_text("after the swap")
        carrying.rescue(old, prefix, snapshot, ())
        assert not (prefix / "notes/a.txt").exists()
        assert (prefix / "notes/b.txt").read_text() == "after the swap"

    def test_files_of_packages_are_not_brought(self, trees: tuple[Path, Path, Snapshot]) -> None:
        old, prefix, snapshot = trees
        (old / "notes/of-a-package").write_text("x")
        (old / "conda-meta").mkdir()
        (old / "conda-meta/app-1.0-0.json").write_text("{}")
        assert carrying.rescue(old, prefix, snapshot, {"notes/of-a-package"}) == []
        assert not (prefix / "conda-meta").exists()

    def test_links_lead_into_a_renamed_environment(self, trees: tuple[Path, Path, Snapshot]) -> None:
        old, prefix, snapshot = trees
        before = prefix.with_name("before")
        (old / "notes/link").symlink_to(before / "notes/a.txt")
        carrying.rescue(old, prefix, snapshot, (), before)
        assert (prefix / "notes/link").readlink() == prefix / "notes/a.txt"


_ORDER = """
import asyncio, sys
from pathlib import Path
from tests.conda.conftest import Lab
from tests.tiny_channel import TinyChannel
root = Path(sys.argv[1])
asyncio.run(Lab(TinyChannel(root / "channel"), root).change(sys.argv[2], job=sys.argv[3]))
"""


@pytest.mark.parametrize("spec", ["app 1.0", "app 2.0"])
def test_the_new_tree_is_on_the_disk_before_the_swap_and_its_name_before_the_old_tree_is_deleted(
    lab: Lab, tmp_path: Path, spec: str
) -> None:
    if spec == "app 2.0":
        run(lab.change("app 1.0"))
    calls = tmp_path / "calls"
    environ = {**os.environ, "LD_PRELOAD": built("record_flushes.c", tmp_path), "FLUSHES": str(calls)}
    subprocess.run([sys.executable, "-c", _ORDER, str(lab.root), spec, "1job"], env=environ, check=True)
    found = calls.read_text().split("\n")
    swap = next(number for number, call in enumerate(found) if call.endswith(f" {lab.prefix}"))
    assert any(call.startswith("syncfs") for call in found[:swap])
    assert f"fsync {lab.prefix.parent}" in found[swap:]
