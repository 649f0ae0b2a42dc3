"""Test the progress of a change as a progress bar shows it."""

from __future__ import annotations

from tfenv_lab.conda.transaction.progress import InstallProgress, Progress

from ..conftest import Lab, Watched
from .test_apply import run


class Told:
    """Progress of two packages, ``small`` and ``big``, whose files are known once they are unpacked."""

    def __init__(self, sizes: dict[str, int], cloned: int = 0) -> None:
        self.seen: list[Progress] = []
        self.phases: list[str] = []
        self.unpacked = {"small": 10}
        self.steps = InstallProgress(
            sizes, ["big", "small"], self.unpacked.get, cloned, self.seen.append, self.phases.append
        )

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


def test_a_real_change_tells_of_the_files_it_clones(lab: Lab) -> None:
    lab.channel.add("wide", "1.0", files={f"share/wide/{n}.txt": "x" for n in range(1500)})
    lab.channel.index()
    run(lab.change("app 1.0", "wide"))
    watcher = Watched()
    run(lab.change("app 2.0", "wide", job="1job", watcher=watcher))
    assert len(watcher.seen) >= 3 + 2
    assert watcher.seen[-1].total_packages == 2
