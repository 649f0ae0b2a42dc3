"""Start a Dask scheduler and workers as processes, each with directories of its own."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from ..nodes.conftest import Machine, NewMachine, locks, node  # noqa: F401

distributed = pytest.importorskip("distributed")


@dataclass
class Cluster:
    """A scheduler and its workers. ``environ`` are the variables that all of their processes have."""

    folder: Path
    new_node: NewMachine
    environ: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    machines: dict[str, Machine] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The address of the scheduler, which has started."""
        address = self._written()
        assert address
        return address

    def _written(self) -> str | None:
        # Dask writes this file in place: at first it is missing, then empty, then perhaps only partly there.
        try:
            return str(json.loads((self.folder / "scheduler.json").read_text())["address"])
        except (FileNotFoundError, json.JSONDecodeError):
            return None

    def start(self, protocol: str = "tcp") -> None:
        """Start the scheduler."""
        self.folder.mkdir(exist_ok=True)
        self._run(
            "scheduler",
            ["dask_scheduler", "--host=127.0.0.1", "--port=0", "--no-dashboard", f"--protocol={protocol}"],
            {**os.environ, **self.environ},
        )
        deadline = time.monotonic() + 120
        while not self._written():
            assert self.processes["scheduler"].poll() is None, self.log("scheduler")
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def add(self, name: str, *options: str, on: str | None = None, **environ: str) -> Machine:
        """Start a worker with a nanny on a machine of its own, on that of another, or on the one that it had."""
        machine = self.machines.get(on or name) or self.new_node(name, **self.environ)
        self.machines[name] = machine
        local = f"--local-directory={machine.home / 'dask'}"
        arguments = ["dask_worker", f"--name={name}", "--nthreads=1", "--no-dashboard", "--host=127.0.0.1", local]
        self._run(name, [*arguments, *options], {**machine.environ, **environ})
        return machine

    def _run(self, name: str, arguments: list[str], environ: dict[str, str]) -> None:
        module, *options = arguments
        file = f"--scheduler-file={self.folder / 'scheduler.json'}"
        log = (self.folder / f"{name}.log").open("ab")
        self.processes[name] = subprocess.Popen(
            [sys.executable, "-m", f"distributed.cli.{module}", file, *options],
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()

    def end(self, name: str) -> None:
        """Kill a process and its descendants."""
        process = self.processes.pop(name)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log(self, name: str) -> str:
        """Return what a process wrote."""
        return (self.folder / f"{name}.log").read_text(errors="replace")

    def prefixes(self, name: str) -> list[str]:
        """Return the names of the environments on the machine of a worker."""
        envs = self.machines[name].envs
        return sorted(path.name for path in envs.iterdir()) if envs.is_dir() else []


NewCluster = Callable[..., Cluster]


@pytest.fixture
def new_cluster(tmp_path: Path, node: NewMachine) -> Iterator[NewCluster]:  # noqa: F811
    """Return a function that starts a cluster with workers of these names."""
    started: list[Cluster] = []

    def start(*names: str, protocol: str = "tcp", **environ: str) -> Cluster:
        cluster = Cluster(tmp_path / "dask", node, environ)
        started.append(cluster)
        cluster.start(protocol)
        for name in names:
            cluster.add(name)
        return cluster

    yield start
    for cluster in started:
        for name in list(cluster.processes):
            cluster.end(name)
