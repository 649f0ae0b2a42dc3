"""Test that a transaction with packages from an index, killed at any time, leaves the old environment or the new one.

SIGKILL ends real workers with their uv at random moments, spread over the time that a change takes.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import shutil
import threading
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from tfenv_lab.conda.prefix.state import fingerprint
from tfenv_lab.conda.transaction import recovery, staging
from tfenv_lab.jobs.messages import Order
from tfenv_lab.jobs.process import WorkerProcess, end_children
from tfenv_lab.pypi.models import Distribution

from ...simple_index import SimpleIndex
from ..conftest import Lab
from .killing import end, order, start, tree, until_first_word, whole

#: Number of kills; the larger number with ``-m long``.
KILLS = [pytest.param(8, id="8"), pytest.param(100, id="100", marks=pytest.mark.long)]
#: There are up to as many times more kills, until some have come before and some after the swap.
MOST = 5


@pytest.fixture
def lab(python_lab: Lab) -> Lab:
    return python_lab


@pytest.fixture
def releases(simple_index: SimpleIndex) -> dict[str, Distribution]:
    """Two releases of a package with many files and a command, which share none of the files' contents."""
    made = {}
    for version in ("1.0", "2.0"):
        files = {f"many/m{n}.py": f"X = {version!r}, {n}\n" for n in range(300)}
        files |= {"many/__init__.py": "def main(): pass\n", f"many/only{version[0]}.py": ""}
        wheel = simple_index.add("many", version, files=files, entry_points="[console_scripts]\nmany = many:main\n")
        made[version] = simple_index.distribution(wheel)
    return made


def settle(prefix: Path, job: str) -> bool:
    """Clean up after a killed worker, and return whether its change took effect."""
    done = recovery.settle(prefix, job)
    recovery.clear(prefix, job)
    left = {path.name for path in prefix.parent.iterdir()} - {prefix.name}
    assert left <= {f".tfenv-lock-{prefix.name}", f".tfenv-holder-{prefix.name}"}, left
    return done


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("kind", ["create", "update", "remove", "move"])
def test_a_killed_change_of_wheels_leaves_the_old_environment_or_the_new(
    lab: Lab, releases: dict[str, Distribution], kind: str, kills: int
) -> None:
    random.seed(kind)
    prefix, new = lab.prefix, lab.prefix.with_name("renamed") if kind == "move" else lab.prefix

    def change(job: str) -> Order:
        if kind == "create":
            return order(lab, prefix, job, "python", wheels=[releases["1.0"]], requirements={"many": "many"})
        if kind == "update":
            return order(lab, prefix, job, "python", "tool", wheels=[releases["2.0"]], requirements={"many": "many"})
        if kind == "remove":
            return order(lab, prefix, job, "python")
        fields: dict[str, Any] = {"origin": "move", "source": prefix, "fingerprint": fingerprint(prefix)}
        return order(lab, new, job, "python", wheels=[releases["1.0"]], requirements={"many": "many"}, **fields)

    # All jobs have ids of one length: uv writes other launchers where the path of the staged tree is very long.
    whole(order(lab, prefix, "1000a", "python", wheels=[releases["1.0"]], requirements={"many": "many"}))
    before = tree(prefix) if kind != "create" else None
    kept = lab.root / "kept"
    shutil.copytree(prefix, kept, symlinks=True)
    if kind == "create":
        staging.discard(prefix)
    seconds = whole(change("1000b"))
    after = tree(new)
    outcomes = {False: 0, True: 0}
    for number in range(MOST * kills):
        # The test proves nothing unless there were kills before and after the swap.
        if number >= kills and min(outcomes.values()) > 0:
            break
        for place in (prefix, new):
            staging.discard(place)
        if kind != "create":
            shutil.copytree(kept, prefix, symlinks=True)
        job = f"1{number:04d}"
        worker = start(change(job))
        until_first_word(worker)
        time.sleep(random.random() * 1.2 * seconds)
        children = []
        # The worker may have ended by itself.
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(worker.pid).children(recursive=True)
        # As the server does: uv leads a session of its own, so that a build ends with it.
        end_children(worker.pid)
        end(worker)
        psutil.wait_procs(children, 10)
        if kind == "move":
            done = recovery.settle(new, job, prefix)
            for place in (prefix, new):
                recovery.clear(place, job)
        else:
            done = settle(prefix, job)
        found = tree(new if done else prefix) if (new if done else prefix).exists() else None
        assert found == (after if done else before), f"kill {number}: {'new' if done else 'old'} expected"
        outcomes[done] += 1
        # The time depends on the machine's load, so aim for half of the kills to come too late.
        seconds *= 0.8 if done else 1.25
    assert min(outcomes.values()) > 0, outcomes


async def test_cancelling_a_job_ends_uv_and_leaves_the_old_environment(
    lab: Lab, simple_index: SimpleIndex, releases: dict[str, Distribution]
) -> None:
    await lab.change("python")
    before = tree(lab.prefix)
    simple_index.hold = threading.Event()
    work = await asyncio.to_thread(order, lab, lab.prefix, "1job", "python", wheels=[releases["1.0"]])
    worker = WorkerProcess(lambda message: None, lambda line: None)
    running = asyncio.create_task(worker.run(work))
    while not any(path.endswith(".whl") for path, _ in simple_index.requests):
        await asyncio.sleep(0.01)
    ours = [child for child in psutil.Process().children(recursive=True) if "uv" in child.name()]
    assert ours, "uv runs"
    worker.kill()
    await running
    _, alive = await asyncio.to_thread(psutil.wait_procs, ours, 10)
    assert alive == []
    settle(lab.prefix, "1job")
    assert tree(lab.prefix) == before
