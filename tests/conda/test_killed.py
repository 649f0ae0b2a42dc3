"""A transaction killed at any instant leaves the old environment or the new one, file by file.

Real transactions in real processes, ended by SIGKILL at random moments spread over the time that one takes.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda import lock, recovery, staging
from tfenv_lab.conda import prefix as prefixes
from tfenv_lab.conda.condarc import load, with_channels

from .conftest import Lab

#: Kills in each part of the test, spread over updates and creates; the parts run side by side.
KILLS, PARTS = 25, 4


def _tree(prefix: Path) -> dict[str, tuple[int, bytes | str]]:
    """Return mode and content of everything in a prefix; our revisions' times and ids are left out."""
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


def _order(lab: Lab, prefix: Path, job: str, spec: str) -> bytes:
    records = asyncio.run(lab.solve(spec))
    plan = {
        "prefix": str(prefix),
        "kind": "update",
        "entries": [],
        "commands": [],
        "work": {
            "lock": lock.dumps(records, [lab.channel.url], lab.channel.subdir),
            "fingerprint": prefixes.fingerprint(prefix) if prefix.exists() else None,
            "requested": {"app": spec},
            "copy_of": None,
            "moved": None,
            "summary": "",
            "pypi": [],
        },
    }
    order = {
        "action": "apply",
        "job": job,
        "plan": plan,
        "subdir": lab.channel.subdir,
        "settings": with_channels(load(), [lab.channel.url]).to_json(),
        "package_cache": str(lab.root / "pkgs"),
        "bytecode_store": str(lab.root / "bytecode"),
    }
    return json.dumps(order).encode() + b"\n"


def _start(order: bytes) -> subprocess.Popen[bytes]:
    worker = subprocess.Popen(
        [sys.executable, "-m", "tfenv_lab.jobs.worker"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert worker.stdin is not None
    worker.stdin.write(order)
    worker.stdin.flush()
    return worker


def _until_first_word(worker: subprocess.Popen[bytes]) -> None:
    assert worker.stdout is not None
    assert worker.stdout.readline()


def _end(worker: subprocess.Popen[bytes]) -> None:
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        assert pipe is not None
        pipe.close()


def _whole(order: bytes) -> float:
    """Run a transaction to its end and return the seconds from its first word to its last."""
    worker = _start(order)
    _until_first_word(worker)
    begun = time.monotonic()
    assert worker.stdout is not None
    last = worker.stdout.readlines()[-1]
    assert b'"result"' in last, last
    seconds = time.monotonic() - begun
    worker.wait()
    for pipe in (worker.stdin, worker.stdout):
        assert pipe is not None
        pipe.close()
    return seconds


@pytest.fixture
def wide(lab: Lab) -> Lab:
    """The laboratory with an ``app`` of many files, so that a kill meets every stage."""
    for version in ("3.0", "4.0"):
        files = {f"share/many/{version}/{n}.txt": f"{version} {n}" for n in range(600)}
        lab.channel.add("app", version, files={**files, "share/app.txt": version})
    lab.channel.index()
    return lab


@pytest.mark.parametrize("part", range(PARTS))
def test_a_killed_transaction_leaves_the_old_environment_or_the_new(wide: Lab, part: int) -> None:
    random.seed(part)
    prefix = wide.prefix
    # What old and new look like, and how long a change takes, is learnt by doing it.
    create = _order(wide, prefix, "0a", "app ==3.0")
    seconds = {False: _whole(create)}
    old = _tree(prefix)
    kept = wide.root / "kept"
    shutil.copytree(prefix, kept, symlinks=True)
    seconds[True] = _whole(_order(wide, prefix, "0b", "app ==4.0"))
    new = _tree(prefix)
    assert old != new
    outcomes: dict[str, int] = {"old": 0, "new": 0}
    staging.discard(prefix)
    for number in range(KILLS):
        job = f"1{number:03d}"
        update = number % 4 != 0
        if update:
            shutil.copytree(kept, prefix, symlinks=True)
        worker = _start(_order(wide, prefix, job, "app ==4.0" if update else "app ==3.0"))
        _until_first_word(worker)
        time.sleep(random.random() * 1.2 * seconds[update])
        _end(worker)
        done = recovery.undo(prefix, job)
        # What it takes depends on what else the machine does: aim at where half of the kills come too late.
        seconds[update] *= 0.8 if done else 1.25
        expected: Any = (new if done else old) if update else (old if done else None)
        found = _tree(prefix) if prefix.exists() else None
        assert found == expected, f"kill {number}: {'new' if done else 'old'} expected"
        _collected(prefix)
        outcomes["new" if done else "old"] += 1
        staging.discard(prefix)
    # Kills on both sides of the swap were met, or the test proves nothing.
    assert min(outcomes.values()) > 0, outcomes


def _collected(prefix: Path) -> None:
    """Nothing but the prefix and its lock, which the system has freed, lies beside it."""
    left = {path.name for path in prefix.parent.iterdir()} - {prefix.name}
    assert left <= {f".tfenv-lock-{prefix.name}", f".tfenv-holder-{prefix.name}"}, left
