"""Start workers, kill them at random moments, and read the trees that they leave."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tfenv_lab import serde
from tfenv_lab.conda.prefix import lock
from tfenv_lab.conda.prefix import state as prefixes
from tfenv_lab.conda.settings.condarc import load, with_channels
from tfenv_lab.conda.transaction.change import Change
from tfenv_lab.jobs.messages import ApplyChange, Order, RemoveEnvironment
from tfenv_lab.pypi.models import Distribution

from ..conftest import Lab

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


def start(order: Order) -> subprocess.Popen[bytes]:
    """Start a worker and send its input."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "tfenv_lab.jobs.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert worker.stdin is not None
    worker.stdin.write(serde.dumps(order) + b"\n")
    worker.stdin.flush()
    return worker


def until_first_word(worker: subprocess.Popen[bytes]) -> None:
    """Wait for the first line of a worker."""
    assert worker.stdout is not None
    assert worker.stdout.readline()


def end(worker: subprocess.Popen[bytes]) -> bool:
    """Kill a worker, and return whether it had reported its result."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    assert worker.stdin is not None
    assert worker.stdout is not None
    told = DONE in worker.stdout.read()
    worker.stdin.close()
    worker.stdout.close()
    return told


def whole(order: Order) -> float:
    """Run a worker to its end, and return the seconds since its first line."""
    worker = start(order)
    until_first_word(worker)
    begun = time.monotonic()
    assert worker.stdout is not None
    last = worker.stdout.readlines()[-1]
    assert DONE in last, last
    worker.wait()
    seconds = time.monotonic() - begun
    for pipe in (worker.stdin, worker.stdout):
        assert pipe is not None
        pipe.close()
    return seconds


def widen(lab: Lab) -> Lab:
    """Add an ``app`` with many files to the lab, so that the kills hit every stage."""
    for version in ("3.0", "4.0"):
        files = {f"share/many/{version}/{n}.txt": f"{version} {n}" for n in range(600)}
        lab.channel.add("app", version, files={**files, "share/app.txt": version})
    lab.channel.index()
    return lab
