"""Test that workers of a real Dask cluster fetch the packages of a rollout once, and send them to each other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from tfenv_lab.cluster import distribution
from tfenv_lab.cluster.dask import transfer
from tfenv_lab.cluster.dask.engine import DaskEngine, connect
from tfenv_lab.cluster.rollout import RunningRollout
from tfenv_lab.models import NodeResult

from ..nodes.conftest import write_lock
from ..ranged_channel import RangedChannel, serving
from ..tiny_channel import TinyChannel
from .conftest import Cluster, NewCluster
from .test_dask import _lock, _plan, _workers
from .test_security import certificates, environ, trusted  # noqa: F401

#: Bytes in a piece, so that tiny packages have several.
_RANGE = 1000


@dataclass
class Source:
    """A channel on a server, and the lock of an environment with its packages, which have ``size`` bytes."""

    channel: RangedChannel
    lock: Path
    size: int

    def rollout(
        self, cluster: Cluster, count: int, tell: Callable[[NodeResult], None] = lambda result: None
    ) -> Sequence[NodeResult]:
        """Install the environment on ``count`` workers, and return what became of each."""

        async def run() -> Sequence[NodeResult]:
            async with connect(cluster.address) as engine:
                await _workers(engine, count)
                found = await _plan(engine, self.lock)
                results = await RunningRollout(engine, found, _lock(self.lock)[0], tell).run()
                await _require_nothing_left(engine)
                return results

        return asyncio.run(run())


async def _require_nothing_left(engine: DaskEngine) -> None:
    """Require that no task is on the scheduler, and no data on the workers."""
    for _ in range(100):
        tasks = await engine._client.run_on_scheduler(lambda dask_scheduler: len(dask_scheduler.tasks))
        data = await engine._client.run(lambda dask_worker: len(dask_worker.data))
        if not tasks and not any(data.values()):
            return
        await asyncio.sleep(0.05)
    raise AssertionError((tasks, data))


def _leftovers(cluster: Cluster) -> list[Path]:
    return [path for machine in cluster.machines.values() for path in machine.home.rglob("tfenv-*")]


@pytest.fixture
def source(channel: TinyChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Source]:
    for module in (distribution, transfer):
        monkeypatch.setattr(module, "RANGE", _RANGE)
    channel.add("lib", "1.0", files={"lib/lib.bin": os.urandom(5000)})
    channel.add("tool", "1.0", files={"lib/tool.bin": os.urandom(300)})
    channel.add("app", "1.0", depends=["lib", "tool"])
    channel.index()
    with serving(channel.root) as served:
        lock = write_lock(channel, tmp_path, "app ==1.0", served.url)
        size = sum(path.stat().st_size for path in channel.root.glob("*/*.conda"))
        yield Source(served, lock, size)


@pytest.fixture
def workers(new_cluster: NewCluster, source: Source) -> Callable[..., Cluster]:
    """Return a function that starts a cluster whose workers use the channel on the server."""

    def start(*names: str, protocol: str = "tcp", **variables: str) -> Cluster:
        cluster = new_cluster(protocol=protocol, **variables)
        make = cluster.new_node
        cluster.new_node = lambda name, **own: make(name, source.channel.url, **own)
        for name in names:
            cluster.add(name)
        return cluster

    return start


def test_the_channel_sends_each_package_once(workers: Callable[..., Cluster], source: Source) -> None:
    cluster = workers("one", "two", "three")
    results = source.rollout(cluster, 3)
    assert [(result.state, result.note, result.error) for result in results] == [("ready", None, None)] * 3
    assert sum(source.channel.sent.values()) == source.size
    for result in results:
        assert result.prefix is not None
        assert (Path(result.prefix) / "lib/lib.bin").stat().st_size == 5000
        record = next((Path(result.prefix) / "conda-meta").glob("lib-*.json")).read_text()
        assert source.channel.url in record
    assert _leftovers(cluster) == []


def test_two_workers_download_their_own_packages(workers: Callable[..., Cluster], source: Source) -> None:
    results = source.rollout(workers("one", "two"), 2)
    assert [(result.state, result.note) for result in results] == [("ready", None)] * 2
    assert sum(source.channel.sent.values()) == 2 * source.size


def test_a_damaged_part_is_refused_by_its_hash_and_downloaded_again(
    workers: Callable[..., Cluster], source: Source
) -> None:
    def altered(path: str, is_part: bool, content: bytes) -> bytes:
        return bytes(len(content)) if is_part and "lib-" in path else content

    source.channel.altered = altered
    results = source.rollout(workers("one", "two", "three"), 3)
    assert [result.state for result in results] == ["ready"] * 3
    assert {result.note for result in results} == {
        "1 packages from other workers were damaged, so this worker downloaded them."
    }


def test_a_worker_whose_settings_refuse_the_channel_gets_no_packages(
    workers: Callable[..., Cluster], source: Source, tmp_path: Path
) -> None:
    other = TinyChannel(tmp_path / "other")
    other.index()
    cluster = workers("one", "strict", "three", "two")
    machine = cluster.machines["strict"]
    (machine.home / ".condarc").write_text(f"channels: ['{other.url}']\nenvs_dirs: ['{machine.envs}']\n")
    seen: list[Path] = []
    one, strict, three, two = source.rollout(
        cluster, 4, lambda result: seen.extend(machine.home.rglob("tfenv-*")) if result.state == "ready" else None
    )
    assert [each.state for each in (one, two, three)] == ["ready"] * 3
    assert strict.error is not None
    assert (strict.state, strict.error["reason"]) == ("skipped", "channel-not-allowed")
    assert (seen, cluster.prefixes("strict")) == ([], [])
    assert sum(source.channel.sent.values()) == source.size


def test_a_worker_that_is_killed_while_it_holds_parts_costs_only_these(
    workers: Callable[..., Cluster], source: Source
) -> None:
    cluster = workers("one", "three", "two")
    source.channel.pace = 1500
    restarted: list[str] = []

    def altered(path: str, is_part: bool, content: bytes) -> bytes:
        # Parts have arrived at workers before the last ones.
        if not restarted and sum(source.channel.sent.values()) > source.size // 2:
            restarted.append("two")
            cluster.end("two")
            cluster.add("two")
            source.channel.pace = 0
        return content

    source.channel.altered = altered
    results = source.rollout(cluster, 3)
    assert restarted
    assert [result.state for result in results] == ["ready"] * 3
    assert [result.note for result in results[:2]] == [None, None]
    # The killed one downloads everything itself.
    assert sum(source.channel.sent.values()) < 3 * source.size


@pytest.mark.usefixtures("trusted")
def test_parts_are_sent_over_tls_if_the_cluster_uses_it(
    workers: Callable[..., Cluster],
    source: Source,
    environ: dict[str, str],  # noqa: F811
) -> None:
    results = source.rollout(workers("one", "two", "three", protocol="tls", **environ), 3)
    assert [(result.state, result.note) for result in results] == [("ready", None)] * 3
    assert sum(source.channel.sent.values()) == source.size


def test_a_worker_that_is_busy_downloads_its_own_packages_and_does_not_hold_up_the_others(
    workers: Callable[..., Cluster], source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "TAKEN", 5.0)
    cluster = workers("one", "three", "two")

    async def run() -> Sequence[NodeResult]:
        async with connect(cluster.address) as engine:
            await _workers(engine, 3)
            [busy] = [node.address for node in await engine.nodes() if node.name == "two"]
            task = engine._client.submit(lambda: __import__("time").sleep(300), workers=[busy])
            found = await _plan(engine, source.lock)
            results = await RunningRollout(engine, found, _lock(source.lock)[0]).run()
            task.release()
            return results

    one, three, two = asyncio.run(run())
    assert [(each.state, each.note) for each in (one, three)] == [("ready", None)] * 2
    assert two.state == "ready"
    assert "too busy" in (two.note or "")
    assert _leftovers(cluster) == []
