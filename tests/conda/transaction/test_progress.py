"""Test the progress of a change as a progress bar shows it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.transaction.engaged import Engaged
from tfenv_lab.conda.transaction.gate import Gate
from tfenv_lab.conda.transaction.package_paths import PackagePaths
from tfenv_lab.conda.transaction.progress import InstallProgress, Progress

from ...simple_index import SimpleIndex
from ..conftest import Lab, Watched, run


class Told:
    """Progress of two packages, ``small`` and ``big``, whose files are known once they are unpacked."""

    def __init__(self, sizes: dict[str, int], cloned: int = 0, packages: Sequence[str] = ("big", "small")) -> None:
        self.seen: list[Progress] = []
        self.phases: list[str] = []
        self.unpacked = {"small": 10}
        self.steps = InstallProgress(sizes, packages, self.unpacked.get, cloned, self.seen.append, self.phases.append)

    def fetch(self, name: str, total: int) -> None:
        token = self.steps.on_populate_cache_start(0, name)
        download = self.steps.on_download_start(token)
        self.steps.on_download_progress(download, total // 2, total)
        self.steps.on_populate_cache_complete(token)

    def link(self, name: str) -> None:
        self.steps.on_link_complete(self.steps.on_link_start(0, name))

    @property
    def fraction(self) -> float:
        return self.steps.snapshot().fraction


def test_files_count_and_not_packages_while_packages_are_linked() -> None:
    told = Told({})
    told.unpacked["big"] = 90
    told.link("big")
    told.link("small")
    first, second = (progress.fraction for progress in told.seen)
    assert first == round(0.8 * 90 / 100, 4)
    assert second == 0.8
    assert [progress.done_packages for progress in told.seen] == [1, 2]


def test_a_package_counts_in_parts_while_it_is_linked() -> None:
    told = Told({})
    told.unpacked["big"] = 90
    token = told.steps.on_link_start(0, "big")
    told.steps.on_linked_part("big", 0.5)
    assert told.fraction == round(0.8 * 45 / 100, 4)
    told.steps.on_link_complete(token)
    assert told.fraction == round(0.8 * 90 / 100, 4)
    told.steps.on_linked_part("big", 0.9)
    assert told.fraction == round(0.8 * 90 / 100, 4), "a look that comes late changes nothing"


def test_a_part_of_a_package_from_an_index_or_of_an_unknown_one_changes_nothing() -> None:
    told = Told({})
    told.steps.on_linked_part("unknown", 0.5)
    assert told.fraction == 0


def test_a_gate_looks_which_files_of_a_package_are_linked(tmp_path: Path) -> None:
    told = Told({})
    gate = Gate(
        told.steps,
        {"big": "big-1.0-0"},
        PackagePaths(tmp_path, None, (), ""),
        tmp_path / "tree",
        False,
        (),
        tmp_path,
        Engaged(lambda _: None),
        lambda name, files: None,
    )
    (tmp_path / "big-1.0-0/info").mkdir(parents=True)
    (tmp_path / "big-1.0-0/info/index.json").write_text("{}")
    names = [f"f{number}" for number in range(1000)]
    (tmp_path / "big-1.0-0/info/files").write_text("\n".join(names))
    told.unpacked["big"] = 90
    gate.on_link_start(0, "big")
    (tmp_path / "tree").mkdir()
    for name in names[:500]:
        (tmp_path / "tree" / name).touch()
    gate.look()
    assert told.fraction == pytest.approx(0.8 * 45 / 100, abs=0.01)


def test_cloned_files_count_as_linked_ones_do() -> None:
    told = Told({}, cloned=900)
    told.unpacked["big"] = 90
    told.link("big")
    before = told.fraction
    told.steps.clone(600)
    assert told.fraction - before > 0.4
    assert told.seen[-1].fraction == told.fraction


def test_bytes_come_first_where_something_is_fetched() -> None:
    told = Told({"big": 1000})
    told.fetch("big", 1000)
    assert [progress.done_bytes for progress in told.seen] == [500, 1000]
    assert told.fraction == 0.7
    assert told.phases == ["link"]


def test_it_never_falls_whatever_a_package_turns_out_to_hold() -> None:
    told = Told({"big": 1000})
    told.fetch("big", 1000)
    told.link("small")
    told.unpacked["big"] = 100_000
    told.link("big")
    told.steps.compiled()
    fractions = [progress.fraction for progress in told.seen]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 0.99, "the last step is the job's to tell"


def test_compiling_is_a_fifth_of_the_whole_in_which_packages_count_alike() -> None:
    told = Told({"big": 1000}, packages=["big", "pypi:wheel"])
    told.fetch("big", 1000)
    told.link("big")
    told.steps.on_wheels_linked()
    assert told.fraction == 0.8
    fractions = []
    for compile, part in [(told.steps.compile, 0.5), (told.steps.compile, 1), (told.steps.compile_wheels, 0.5)]:
        compile(part)
        fractions.append(told.fraction)
    assert fractions == [0.85, 0.9, 0.95]


def test_what_is_read_on_this_machine_counts_as_downloaded() -> None:
    told = Told({"big": 1000})
    told.steps.on_populate_cache_start(0, "big")
    told.steps.on_read("big", 400)
    told.steps.on_read("big", 300)
    told.steps.on_read("unknown", 300)
    assert [progress.done_bytes for progress in told.seen] == [400, 400, 400]


def test_bytes_of_wheels_count_with_those_of_conda_packages() -> None:
    told = Told({"big": 1000, "pypi:wheel": 3000}, packages=["big", "small", "pypi:wheel"])
    told.fetch("big", 1000)
    assert told.phases == [], "the wheel is not downloaded yet"
    told.steps.begin_wheels()
    told.steps.on_wheel_download("wheel", 1500, 3000)
    assert told.steps.snapshot().done_bytes == 2500
    told.steps.on_wheel_download("wheel", 2900, 2950)
    told.steps.on_wheels_fetched()
    told.steps.on_wheels_linked()
    assert told.phases == ["download", "link"]
    last = told.steps.snapshot()
    assert (last.done_bytes, last.total_bytes, last.done_packages, last.total_packages) == (4000, 4000, 1, 3)
    fractions = [progress.fraction for progress in told.seen]
    assert fractions == sorted(fractions)


def test_a_wheel_of_unknown_size_counts_once_its_size_is_known_and_nothing_falls() -> None:
    told = Told({}, packages=["small", "pypi:wheel"])
    told.link("small")
    told.steps.begin_wheels()
    told.steps.on_wheel_download("wheel", 10, 5000)
    assert told.steps.snapshot().total_bytes == 5000
    told.steps.on_wheel_download("wheel", 20, 5000)
    told.steps.on_wheels_fetched()
    fractions = [progress.fraction for progress in told.seen]
    assert fractions == sorted(fractions)
    assert told.steps.snapshot().done_bytes == 5000


def test_cached_wheels_begin_with_linking() -> None:
    told = Told({}, packages=["pypi:wheel"])
    told.steps.begin_wheels()
    assert told.phases == ["link"]


def test_a_real_download_of_a_wheel_tells_its_bytes(python_lab: Lab, simple_index: SimpleIndex) -> None:
    path = simple_index.add("big", files={"big.bin": os.urandom(300_000)})
    wheel = simple_index.distribution(path)
    entry: Any = {
        **{"action": "install", "name": "big", "from": None, "requested": True, "source": "pypi"},
        "to": {"version": "1.0", "build": wheel.tag, "channel": None, "size": wheel.size},
    }
    watcher = Watched()
    run(python_lab.change("python", wheels=[wheel], entries=[entry], watcher=watcher))
    last = watcher.seen[-1]
    assert last.done_bytes == last.total_bytes
    assert last.total_bytes > 300_000
    assert (last.done_packages, last.total_packages) == (2, 2)
    assert watcher.phases == ["download", "link", "swap"]
    fractions = [progress.fraction for progress in watcher.seen]
    assert fractions == sorted(fractions)


def test_a_real_change_tells_of_the_files_it_clones(lab: Lab) -> None:
    lab.channel.add("wide", "1.0", files={f"share/wide/{n}.txt": "x" for n in range(1500)})
    lab.channel.index()
    run(lab.change("app 1.0", "wide"))
    watcher = Watched()
    run(lab.change("app 2.0", "wide", job="1job", watcher=watcher))
    assert len(watcher.seen) >= 3 + 2
    assert watcher.seen[-1].total_packages == 2


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_speed_of_a_download_is_smooth_and_says_the_time_left() -> None:
    clock = Clock()
    seen: list[Progress] = []
    steps = InstallProgress({"big": 1000}, ["big"], lambda _: None, 0, seen.append, lambda _: None, clock=clock)
    download = steps.on_download_start(steps.on_populate_cache_start(0, "big"))

    def at(seconds: float, done: int) -> tuple[int | None, int | None]:
        clock.now = seconds
        steps.on_download_progress(download, done, 1000)
        return seen[-1].bytes_per_second, seen[-1].seconds_left

    assert at(0, 0) == (None, None)
    assert at(0.5, 90) == (None, None)
    assert at(2, 100) == (50, 18)
    # A second without a byte only slows it down.
    assert at(3, 100) == (33, 27)
    # What was long ago does not count: in the last ten seconds, 700 bytes came.
    assert at(13, 800) == (70, 3)
    assert at(14, 1000) == (None, None)


def test_the_time_before_the_first_download_does_not_count_for_the_speed() -> None:
    clock = Clock()
    seen: list[Progress] = []
    steps = InstallProgress({"big": 1000}, ["big"], lambda _: None, 5000, seen.append, lambda _: None, clock=clock)
    for clock.now in (0.0, 5.0):
        steps.clone(600)
    before = [progress.bytes_per_second for progress in seen]
    for clock.now, done in ((6.0, 0), (7.0, 100)):
        steps.on_read("big", done)
    assert before == [None, None]
    assert (seen[-1].bytes_per_second, seen[-1].seconds_left) == (100, 9)


def test_a_download_that_stands_still_has_no_time_left() -> None:
    clock = Clock()
    seen: list[Progress] = []
    steps = InstallProgress({"big": 1000}, ["big"], lambda _: None, 0, seen.append, lambda _: None, clock=clock)
    download = steps.on_download_start(steps.on_populate_cache_start(0, "big"))
    for clock.now in (0.0, 5.0):
        steps.on_download_progress(download, 0, 1000)
    assert (seen[-1].bytes_per_second, seen[-1].seconds_left) == (0, None)
