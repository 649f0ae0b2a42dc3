"""Test that a transaction that is killed at any time leaves exactly the old environment or the new one.

SIGKILL ends real transactions in real processes at random moments, spread over the time that one takes.
"""

from __future__ import annotations

import random
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.transaction import recovery, staging

from ..conftest import Lab
from .killing import end, order, start, tree, until_first_word, whole, widen

#: Number of kills in each part of the test, spread over updates and creates; the parts run in parallel.
KILLS, PARTS = 25, 4
#: There are up to as many times more kills, until some have come before and some after the swap.
MOST = 3


@pytest.mark.parametrize("part", range(PARTS))
def test_a_killed_transaction_leaves_the_old_environment_or_the_new(lab: Lab, part: int) -> None:
    random.seed(part)
    wide = widen(lab)
    prefix = wide.prefix
    # Run one change to get the old and new trees, and the time that a change takes.
    create = order(wide, prefix, "0a", "app ==3.0")
    seconds = {False: whole(create)}
    old = tree(prefix)
    kept = wide.root / "kept"
    shutil.copytree(prefix, kept, symlinks=True)
    seconds[True] = whole(order(wide, prefix, "0b", "app ==4.0"))
    new = tree(prefix)
    assert old != new
    outcomes: dict[str, int] = {"old": 0, "new": 0}
    staging.discard(prefix)
    for number in range(MOST * KILLS):
        # The test proves nothing unless there were kills before and after the swap.
        if number >= KILLS and min(outcomes.values()) > 0:
            break
        job = f"1{number:03d}"
        update = number % 4 != 0
        if update:
            shutil.copytree(kept, prefix, symlinks=True)
        worker = start(order(wide, prefix, job, "app ==4.0" if update else "app ==3.0"))
        until_first_word(worker)
        time.sleep(random.random() * 1.2 * seconds[update])
        end(worker)
        done = recovery.settle(prefix, job)
        recovery.clear(prefix, job)
        # The time depends on the machine's load, so aim for half of the kills to come too late.
        seconds[update] *= 0.8 if done else 1.25
        expected: Any = (new if done else old) if update else (old if done else None)
        found = tree(prefix) if prefix.exists() else None
        assert found == expected, f"kill {number}: {'new' if done else 'old'} expected"
        _collected(prefix)
        outcomes["new" if done else "old"] += 1
        staging.discard(prefix)
    assert min(outcomes.values()) > 0, outcomes


def _collected(prefix: Path) -> None:
    """Assert that the parent directory has only the prefix and its lock file, whose lock the system has freed."""
    left = {path.name for path in prefix.parent.iterdir()} - {prefix.name}
    assert left <= {f".tfenv-lock-{prefix.name}", f".tfenv-holder-{prefix.name}"}, left
