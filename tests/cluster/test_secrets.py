"""Test that no secret of a worker or of this machine reaches the scheduler or the logs of the workers."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.cluster.dask.engine import DaskEngine, connect
from tfenv_lab.cluster.rollout import RunningRollout

from ..nodes.conftest import Machine
from .conftest import Cluster, NewCluster
from .test_dask import _lock, _plan, _workers
from .test_distribution import Source, source  # noqa: F401
from .test_security import certificates, environ, trusted  # noqa: F401

#: A password and a token of channels, and a token among the variables of the processes.
PASSWORD, TOKEN, VARIABLE = "hunter2", "tk-5ecret", "ghp-5ecret"


def _held(dask_scheduler: Any) -> str:
    """Return what a scheduler knows, as text: its tasks, events, logs and what clients have stored."""
    import cloudpickle

    tasks = [(key, cloudpickle.dumps(task.run_spec)) for key, task in dask_scheduler.tasks.items()]
    return repr((tasks, dask_scheduler.get_events(), dask_scheduler.get_logs(), dask_scheduler.task_metadata))


async def _watch(engine: DaskEngine, seen: list[str]) -> None:
    while True:
        seen.append(await engine._client.run_on_scheduler(_held))
        await asyncio.sleep(0.02)


@pytest.fixture
def cluster(
    new_cluster: NewCluster,
    source: Source,  # noqa: F811
    environ: dict[str, str],  # noqa: F811
) -> Cluster:
    """Start three workers with certificates, whose configurations have channels with secrets."""
    started = new_cluster(protocol="tls", SOME_TOKEN=VARIABLE, **environ)
    make: Callable[..., Machine] = started.new_node

    def with_secrets(name: str, **own: str) -> Machine:
        machine = make(name, source.channel.url, **own)
        condarc = machine.home / ".condarc"
        secret = f"'http://alice:{PASSWORD}@127.0.0.1:1/one', 'http://127.0.0.1:1/t/{TOKEN}/two', "
        condarc.write_text(condarc.read_text().replace("channels: [", f"channels: [{secret}"))
        assert TOKEN in condarc.read_text()
        return machine

    started.new_node = with_secrets
    for name in ("one", "two", "three"):
        started.add(name)
    return started


@pytest.mark.usefixtures("trusted")
def test_the_scheduler_and_the_logs_have_no_secret(
    cluster: Cluster,
    source: Source,  # noqa: F811
    certificates: dict[str, Any],  # noqa: F811
) -> None:
    key = Path(certificates["client"]["key"]).read_text().splitlines()[1]
    seen: list[str] = []

    async def run() -> None:
        async with connect(cluster.address) as engine, connect(cluster.address) as other:
            await _workers(engine, 3)
            watching = asyncio.ensure_future(_watch(other, seen))
            try:
                found = await _plan(engine, source.lock)
                results = await RunningRollout(engine, found, _lock(source.lock)[0]).run()
                assert [(result.state, result.note) for result in results] == [("ready", None)] * 3
                async with engine.turn():
                    await asyncio.sleep(0.2)
            finally:
                watching.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await watching
            seen.append(repr(await other._client.get_worker_logs()))
            seen.append(repr(await other._client.get_worker_logs(nanny=True)))

    asyncio.run(run())
    seen += [cluster.log(name) for name in ("scheduler", "one", "two", "three")]
    everything = "\n".join(seen)
    # The tasks that fetch packages, and the holder of the turn, were seen.
    assert source.channel.url in everything
    assert "(PID " in everything
    for secret in (PASSWORD, TOKEN, VARIABLE, key):
        assert secret not in everything
