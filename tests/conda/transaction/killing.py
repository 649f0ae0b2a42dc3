"""Start workers, kill them at random moments, and read the trees that they leave."""

from __future__ import annotations

import asyncio
import contextlib
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfenv_lab import serde
from tfenv_lab.conda.prefix import lock
from tfenv_lab.conda.prefix import state as prefixes
from tfenv_lab.conda.settings.condarc import load, with_channels
from tfenv_lab.conda.transaction.change import Change
from tfenv_lab.jobs.messages import ApplyChange, Order, RemoveEnvironment
from tfenv_lab.jobs.worker import main as run_worker
from tfenv_lab.pypi.models import Distribution

if TYPE_CHECKING:
    from ..conftest import Lab

#: Starts processes as copies of one that has imported all this.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(
    [__name__, "tfenv_lab.conda.transaction.apply", "tfenv_lab.conda.transaction.linking"]
)

#: Part of the line with which a worker reports that it is done.
DONE = b'"succeeded"'


def tree(prefix: Path) -> dict[str, tuple[int, bytes | str]]:
    """Return the mode and contents of everything in a prefix, without the times and ids of revisions."""
    found: dict[str, tuple[int, bytes | str]] = {}
    for path in sorted(prefix.rglob("*")):
        name = str(path.relative_to(prefix))
        mode = path.lstat().st_mode
        if path.is_symlink():
            found[name] = (mode, str(path.readlink()))
        elif path.is_dir():
            found[name] = (mode, "")
        elif name == "conda-meta/history":
            lines = path.read_text().splitlines()
            found[name] = (mode, "\n".join(line for line in lines if not line.startswith("==>")))
        elif name.startswith("conda-meta/tfenv_lab/") and name.endswith(".json"):
            stored = json.loads(path.read_text())
            found[name] = (mode, json.dumps({**stored, "created": "", "job": ""}))
        else:
            found[name] = (mode, path.read_bytes())
    return found


def order(lab: Lab, prefix: Path, job: str, *specs: str, wheels: Sequence[Distribution] = (), **fields: Any) -> Order:
    """Return the input of a worker that changes a prefix to the solution of ``specs``, with ``fields`` replaced.

    ``records`` replace the solution, and ``wheels`` are the distributions from a package index.
    """
    records = fields.pop("records", None) or asyncio.run(lab.solve(*specs))
    exists = prefix.exists()
    change = Change(
        **{
            "origin": "in_place" if exists else "new",
            "prefix": prefix,
            "kind": "update",
            "subdir": lab.channel.subdir,
            "lock": lock.dumps(records, [lab.channel.url], lab.channel.subdir, wheels),
            "requested": {spec.split(" ")[0]: spec for spec in specs},
            "channels": [lab.channel.url],
            "fingerprint": prefixes.fingerprint(prefix) if exists else None,
            **fields,
        }
    )
    settings = with_channels(load(), [lab.channel.url])
    return ApplyChange(job, change, settings, lab.root / "pkgs", lab.root / "bytecode")


def removal(prefix: Path, job: str) -> Order:
    """Return the input of a worker that deletes an environment."""
    return RemoveEnvironment(job, prefix)


class Worker:
    """A worker process with an order.

    It is a copy of a process that has imported the worker, because hundreds of them start.
    """

    def __init__(self, order: Order) -> None:
        orders, stdin = _PROCESSES.Pipe(duplex=False)
        stdout, messages = _PROCESSES.Pipe(duplex=False)
        self._process = _PROCESSES.Process(target=_work, args=(orders, messages, dict(os.environ), Path.cwd()))
        self._process.start()
        for pipe in (orders, messages):
            pipe.close()
        self._stdin = os.fdopen(os.dup(stdin.fileno()), "wb")
        self.stdout = os.fdopen(os.dup(stdout.fileno()), "rb")
        for pipe in (stdin, stdout):
            pipe.close()
        self._stdin.write(serde.dumps(order) + b"\n")
        self._stdin.flush()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    def close(self) -> None:
        """Wait for the end of the process, and close its pipes."""
        self._process.join()
        self._process.close()
        self._stdin.close()
        self.stdout.close()


def _work(orders: Connection, messages: Connection, environment: dict[str, str], folder: Path) -> None:
    """Be a worker: with its pipes, in a session of its own, with this environment and directory."""
    os.setsid()
    os.dup2(orders.fileno(), 0)
    os.dup2(messages.fileno(), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    orders.close()
    messages.close()
    sys.stdin = os.fdopen(0)
    # As in a new process, where the pipe stays open when the worker replaces “sys.stdout”.
    sys.stdout = sys.__stdout__ = os.fdopen(1, "w")  # type: ignore[misc]
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    run_worker()


def start(order: Order) -> Worker:
    """Start a worker and send its input."""
    return Worker(order)


def until_first_word(worker: Worker) -> None:
    """Wait for the first line of a worker."""
    assert worker.stdout.readline()


def end(worker: Worker) -> bool:
    """Kill a worker, and return whether it had reported its result."""
    # It may have ended by itself.
    with contextlib.suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    told = DONE in worker.stdout.read()
    worker.close()
    return told


def whole(order: Order) -> float:
    """Run a worker to its end, and return the seconds since its first line."""
    worker = start(order)
    until_first_word(worker)
    begun = time.monotonic()
    last = worker.stdout.readlines()[-1]
    assert DONE in last, last
    worker.close()
    return time.monotonic() - begun


def widen(lab: Lab) -> Lab:
    """Add an ``app`` with many files to the lab, so that the kills hit every stage."""
    for version in ("3.0", "4.0"):
        files = {f"share/many/{version}/{n}.txt": f"{version} {n}" for n in range(600)}
        lab.channel.add("app", version, files={**files, "share/app.txt": version})
    lab.channel.index()
    return lab
