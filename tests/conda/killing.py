"""Workers that are killed at random moments: their orders, their ends, and the trees that they leave."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tfenv_lab.conda import lock
from tfenv_lab.conda import prefix as prefixes
from tfenv_lab.conda.condarc import load, with_channels

from .conftest import Lab


def tree(prefix: Path) -> dict[str, tuple[int, bytes | str]]:
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


def order(lab: Lab, prefix: Path, job: str, *specs: str, **work: Any) -> bytes:
    """Return the order that brings a prefix to what ``specs`` solve to; ``work`` replaces fields of the plan's work."""
    records = asyncio.run(lab.solve(*specs))
    plan = {
        "prefix": str(prefix),
        "kind": "update",
        "entries": [],
        "commands": [],
        "work": {
            "lock": lock.dumps(records, [lab.channel.url], lab.channel.subdir),
            "fingerprint": prefixes.fingerprint(prefix) if prefix.exists() else None,
            "requested": {spec.split(" ")[0]: spec for spec in specs},
            "copy_of": None,
            "moved": None,
            "summary": "",
            "pypi": [],
            **work,
        },
    }
    return _line(lab, {"action": "apply", "job": job, "plan": plan})


def removal(lab: Lab, prefix: Path, job: str) -> bytes:
    """Return the order that removes a whole environment."""
    return _line(lab, {"action": "delete", "job": job, "prefix": str(prefix)})


def _line(lab: Lab, action: dict[str, Any]) -> bytes:
    settings = {
        "subdir": lab.channel.subdir,
        "settings": with_channels(load(), [lab.channel.url]).to_json(),
        "package_cache": str(lab.root / "pkgs"),
        "bytecode_store": str(lab.root / "bytecode"),
    }
    return json.dumps({**action, **settings}).encode() + b"\n"


def start(order: bytes) -> subprocess.Popen[bytes]:
    """Start a worker and give it its order."""
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


def until_first_word(worker: subprocess.Popen[bytes]) -> None:
    """Wait until a worker has begun."""
    assert worker.stdout is not None
    assert worker.stdout.readline()


def end(worker: subprocess.Popen[bytes]) -> bool:
    """Kill a worker; return whether it had said its result."""
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()
    assert worker.stdin is not None
    assert worker.stdout is not None
    told = b'"result"' in worker.stdout.read()
    worker.stdin.close()
    worker.stdout.close()
    return told


def whole(order: bytes) -> float:
    """Run a worker to its end and return the seconds from its first word to that."""
    worker = start(order)
    until_first_word(worker)
    begun = time.monotonic()
    assert worker.stdout is not None
    last = worker.stdout.readlines()[-1]
    assert b'"result"' in last, last
    worker.wait()
    seconds = time.monotonic() - begun
    for pipe in (worker.stdin, worker.stdout):
        assert pipe is not None
        pipe.close()
    return seconds


def widen(lab: Lab) -> Lab:
    """Give the laboratory an ``app`` of many files, so that a kill meets every stage."""
    for version in ("3.0", "4.0"):
        files = {f"share/many/{version}/{n}.txt": f"{version} {n}" for n in range(600)}
        lab.channel.add("app", version, files={**files, "share/app.txt": version})
    lab.channel.index()
    return lab
