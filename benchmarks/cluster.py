"""Rollouts to workers of a Dask cluster on this machine: with packages of the channel, and of each other.

The channel sends 5 MB a second, so the network of the benchmark is slower than its disk and its processors. All
workers share the processors of one machine: the ratios count, not the seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .measure import Measure, Skipped

#: Bytes that the channel sends in a second, and the sizes of its packages.
_PACE = 5_000_000
_SIZES = (40_000_000, 20_000_000, 15_000_000, *[1_000_000] * 5)
_NODES = (1, 2, 4)
#: Promised limits: sent bytes compared with the archives; bytes of memory; milliseconds of the scheduler's event loop;
#: milliseconds of a rollout with nothing to do, and of each node in it.
_SENT, _MEMORY, _GAP, _NOTHING, _NOTHING_EACH = 1.05, 50_000_000, 100.0, 300.0, 1.0


@dataclass(frozen=True)
class _Done:
    """A rollout: its seconds, the bytes that the channel sent, and what it did to the scheduler."""

    seconds: float
    sent: int
    memory: int
    gap: float
    nothing: float


def measures() -> Iterator[Measure]:
    """Yield what rollouts to 1, 2 and 4 workers take."""
    try:
        import distributed  # noqa: F401
    except ImportError as error:
        raise Skipped("the package distributed is not installed") from error
    folder = Path(tempfile.mkdtemp(prefix="tfenv-cluster-"))
    try:
        yield from _measures(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measures(folder: Path) -> Iterator[Measure]:
    from tests.nodes.conftest import write_lock
    from tests.ranged_channel import serving
    from tests.tiny_channel import TinyChannel

    channel = TinyChannel(folder / "channel")
    names = [f"part{number}" for number in range(len(_SIZES))]
    for name, size in zip(names, _SIZES, strict=True):
        channel.add(name, "1.0", files={f"share/{name}": os.urandom(size)})
    channel.add("app", "1.0", depends=names)
    channel.index()
    total = sum(path.stat().st_size for path in channel.root.glob("*/*.conda"))
    with serving(channel.root, _PACE) as served:
        lock = write_lock(channel, folder, "app ==1.0", served.url)
        direct, peers = {}, {}
        for count in _NODES:
            direct[count] = asyncio.run(_rollout(folder / f"direct{count}", lock, served, count, fewest=count + 1))
            yield Measure(f"{count} nodes, direct: sent", direct[count].sent / total, "x")
            yield Measure(f"{count} nodes, direct: time", direct[count].seconds, "s", direct[1].seconds, "of one node")
        for count in _NODES[1:]:
            peers[count] = asyncio.run(_rollout(folder / f"peers{count}", lock, served, count, fewest=2))
            yield Measure(f"{count} nodes, peers: sent", peers[count].sent / total, "x", limit=_SENT)
            yield Measure(f"{count} nodes, peers: time", peers[count].seconds, "s", direct[1].seconds, "of one node")
            yield Measure("  compared with direct", peers[count].seconds / direct[count].seconds, "x")
            yield Measure("  memory of the scheduler", peers[count].memory / 1e6, "MB", limit=_MEMORY / 1e6)
            yield Measure("  gap of the scheduler's loop", peers[count].gap, limit=_GAP)
            yield Measure("  again, nothing to do", peers[count].nothing, limit=_NOTHING + _NOTHING_EACH * count)


async def _rollout(folder: Path, lock: Path, served: Any, count: int, *, fewest: int) -> _Done:
    from tfenv_lab.cluster.planner import plan
    from tfenv_lab.cluster.rollout import RunningRollout
    from tfenv_lab.conda.prefix import lock as locks
    from tfenv_lab.nodes.lockfile import LockFile

    text = lock.read_text()
    [records] = [found for found in locks.loads(text).values() if found]
    what = LockFile(text), "app-1", locks.digest(records)
    async with _connected(folder, served.url, count) as engine:
        found = await plan(engine, *what)
        await engine._client.run_on_scheduler(_watch)
        served.sent.clear()
        start = time.perf_counter()
        results = await RunningRollout(engine, found, what[0], fewest=fewest).run()
        seconds = time.perf_counter() - start
        if any(result.state != "ready" or result.note for result in results):
            raise RuntimeError(f"the rollout failed: {results}")
        seen = await engine._client.run_on_scheduler(_seen)
        start = time.perf_counter()
        await RunningRollout(engine, await plan(engine, *what), what[0], fewest=fewest).run()
        nothing = (time.perf_counter() - start) * 1000
    return _Done(seconds, sum(served.sent.values()), seen["memory"], seen["gap"] * 1000, nothing)


@contextlib.asynccontextmanager
async def _connected(folder: Path, url: str, count: int) -> AsyncIterator[Any]:
    """Start a cluster whose workers have directories of their own, and connect to it."""
    import cloudpickle

    from tests.cluster.conftest import Cluster
    from tests.nodes.conftest import Machine
    from tfenv_lab.cluster.dask.engine import connect

    cloudpickle.register_pickle_by_value(sys.modules[__name__])
    folder.mkdir()

    def new_node(name: str, **environ: str) -> Machine:
        home = folder / name
        home.mkdir()
        (home / ".condarc").write_text(f"channels: ['{url}']\nenvs_dirs: ['{home / 'envs'}']\ndefault_channels: []\n")
        here = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": str(Path.cwd())}
        return Machine(home, {**os.environ, **here, **environ})

    cluster = Cluster(folder / "dask", new_node)
    try:
        cluster.start()
        for number in range(count):
            cluster.add(f"node{number}")
        async with connect(cluster.address) as engine:
            while len(await engine.nodes()) < count:
                await asyncio.sleep(0.1)
            yield engine
    finally:
        for name in list(cluster.processes):
            cluster.end(name)
        shutil.rmtree(folder, ignore_errors=True)


async def _watch(dask_scheduler: Any) -> None:
    """Begin to observe the memory and the event loop of the scheduler. This runs there."""
    import asyncio
    import time

    import psutil

    process = psutil.Process()
    before = process.memory_info().rss
    seen = dask_scheduler.tfenv_seen = {"memory": 0, "gap": 0.0}

    async def look() -> None:
        last = time.perf_counter()
        while True:
            await asyncio.sleep(0.005)
            now = time.perf_counter()
            seen["gap"] = max(seen["gap"], now - last - 0.005)
            seen["memory"] = max(seen["memory"], process.memory_info().rss - before)
            last = now

    dask_scheduler.tfenv_look = asyncio.ensure_future(look())


async def _seen(dask_scheduler: Any) -> dict[str, Any]:
    """Return what was observed."""
    dask_scheduler.tfenv_look.cancel()
    return dict(dask_scheduler.tfenv_seen)
