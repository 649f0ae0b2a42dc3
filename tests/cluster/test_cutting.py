"""Test how the packages that nodes lack are cut into pieces, and what a rollout makes of nodes without them."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tfenv_lab._version import __version__
from tfenv_lab.cluster import distribution as module
from tfenv_lab.cluster.distribution import Shipment, distribution
from tfenv_lab.cluster.engine import Place
from tfenv_lab.cluster.models import ClusterNode, Planned
from tfenv_lab.cluster.planner import plan
from tfenv_lab.cluster.rollout import RunningRollout
from tfenv_lab.nodes.lockfile import LockFile
from tfenv_lab.nodes.orders import Answer
from tfenv_lab.nodes.planning import NodePlan

from ..nodes.conftest import write_lock
from ..ranged_channel import serving
from ..tiny_channel import TinyChannel
from .fake import Fake


@pytest.fixture
def lock(channel: TinyChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LockFile:
    """Return a lock of three packages on a server."""
    monkeypatch.setattr(module, "RANGE", 700)
    for name in ("a", "b"):
        channel.add(name, "1.0")
    channel.add("c", "1.0", depends=["a", "b"])
    channel.index()
    with serving(channel.root) as served:
        return LockFile(write_lock(channel, tmp_path, "c ==1.0", served.url).read_text())


def _planned(**lacks: tuple[str, ...]) -> list[Planned]:
    return [
        Planned(ClusterNode(name, f"{name}:1"), NodePlan("install", "/envs/app", lacks=names))
        for name, names in lacks.items()
    ]


def _cut(lock: LockFile, **lacks: tuple[str, ...]) -> Shipment:
    found = asyncio.run(distribution(lock, _planned(**lacks)))
    assert found is not None
    return found


def test_the_pieces_have_every_byte_of_the_packages_once(lock: LockFile) -> None:
    found = _cut(lock, one=("a", "b", "c"), two=("a", "b", "c"), three=("a", "b", "c"))
    archives = found.archives[ClusterNode("one", "one:1")]
    assert [archive.url.rpartition("/")[2] for archive in archives] == [f"{name}-1.0-0.conda" for name in "abc"]
    assert all(sum(part.size for part in piece) == 700 for piece in found.pieces[:-1])
    parts = [part for piece in found.pieces for part in piece]
    for archive in archives:
        theirs = [part for part in parts if part.url == archive.url]
        assert [part.start for part in theirs] == [sum(each.size for each in theirs[:at]) for at in range(len(theirs))]
        assert sum(part.size for part in theirs) == archive.size == theirs[0].total
    assert found.total == sum(archive.size for archive in archives)
    assert found.needs[ClusterNode("one", "one:1")] == set(range(len(found.pieces)))


def test_a_node_gets_only_the_pieces_with_packages_that_it_lacks(lock: LockFile) -> None:
    found = _cut(lock, one=("a", "c"), two=("c",), three=("c",))
    assert [archive.url.rpartition("/")[2] for archive in found.archives[ClusterNode("two", "two:1")]] == [
        "c-1.0-0.conda"
    ]
    assert found.needs[ClusterNode("two", "two:1")] < found.needs[ClusterNode("one", "one:1")]
    # Nobody lacks “b”, so nobody fetches it.
    assert not [part for piece in found.pieces for part in piece if "/b-" in part.url]


def test_few_nodes_download_for_themselves(lock: LockFile) -> None:
    assert asyncio.run(distribution(lock, _planned(one=("a",), two=("a",), three=()))) is None
    assert asyncio.run(distribution(lock, _planned(one=("a",), two=("a",)), fewest=2)) is not None


def test_packages_in_a_directory_are_not_distributed(channel: TinyChannel, tmp_path: Path) -> None:
    channel.add("a", "1.0")
    channel.index()
    lock = LockFile(write_lock(channel, tmp_path, "a ==1.0").read_text())
    assert asyncio.run(distribution(lock, _planned(one=("a",), two=("a",), three=("a",)))) is None


def test_a_node_that_did_not_get_the_packages_downloads_them_and_says_why(lock: LockFile) -> None:
    fake = Fake("a", "b", "c")
    fake.plans = dict.fromkeys("abc", Answer(__version__, plan=NodePlan("install", "/envs/app", lacks=("a",))))
    fake.deleted = "Older versions were deleted."
    fake.places["b"] = Place(problem="It was too busy.")

    async def run() -> None:
        rollout = RunningRollout(fake, await plan(fake, lock, "app-1", "1"), lock)
        a, b, c = await rollout.run()
        older = fake.deleted
        problem = "The worker downloaded its packages itself. It was too busy."
        assert (a.note, b.note, c.note) == (older, f"{problem} {older}", older)
        assert [fake.installs[name].folder for name in "abc"] == ["/a", "", "/c"]
        assert [len(fake.installs[name].archives) for name in "abc"] == [1, 0, 1]
        # What was distributed stays until all have installed it.
        assert fake.orders[-1][0] == "clear"

    asyncio.run(run())


def test_a_cancelled_rollout_clears_what_was_distributed(lock: LockFile) -> None:
    fake = Fake("a", "b", "c")
    fake.plans = dict.fromkeys("abc", Answer(__version__, plan=NodePlan("install", "/envs/app", lacks=("a",))))

    async def never(node: ClusterNode) -> Answer:
        await asyncio.sleep(60)
        raise AssertionError

    async def run() -> None:
        fake.install["a"] = never
        found = await plan(fake, lock, "app-1", "1")
        running = asyncio.ensure_future(RunningRollout(fake, found, lock).run())
        while "a" not in fake.installs:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert fake.orders[-1][0] == "clear"

    asyncio.run(run())
