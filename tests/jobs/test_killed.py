"""A job that succeeded stays done, even if its worker and server die at any moment.

SIGKILL ends real workers at random moments, even while they delete the tree that was replaced. Then the disk is cleaned
up as by a starting server, and compared file by file.
"""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tfenv_lab.conda.prefix import state as prefixes
from tfenv_lab.conda.transaction import staging
from tfenv_lab.jobs import outcomes
from tfenv_lab.jobs.messages import Order
from tfenv_lab.jobs.models import Job

from ..conda.conftest import Lab, lab
from ..conda.transaction.killing import DONE, end, order, removal, start, tree, until_first_word, whole, widen

__all__ = ["lab"]

#: Number of kills for each kind of job; the larger number with ``-m long``.
KILLS = [pytest.param(10, id="10"), pytest.param(100, id="100", marks=pytest.mark.long)]

OrderOf = Callable[[Path, Path, str], Order]


class Killing:
    """An environment that is created again for each kill, and the job that changes it."""

    def __init__(self, lab: Lab, order: OrderOf, kind: str) -> None:
        self.envs = lab.prefix.parent
        self.old, self.new = lab.prefix, lab.prefix.with_name("renamed") if kind == "rename" else lab.prefix
        self._order, self._kind = order, kind
        whole(_create(lab))
        self._kept = lab.root / "kept"
        shutil.copytree(self.old, self._kept, symlinks=True)
        self.before = tree(self.old)
        self.seconds = whole(order(self.old, self.new, "0b"))
        self.after = tree(self.new) if self.new.exists() else None
        self.outcomes = {"undone": 0, "done": 0, "told": 0}

    def once(self, number: int) -> None:
        """Kill a job, clean up after it, and compare the result."""
        job = f"1{number:04d}"
        for path in (self.old, self.new):
            staging.discard(path)
        shutil.copytree(self._kept, self.old, symlinks=True)
        worker = start(self._order(self.old, self.new, job))
        until_first_word(worker)
        time.sleep(random.random() * 1.2 * self.seconds)
        told = end(worker)
        if told:
            # The server had stored the end of the job, so its next start only deletes leftovers.
            outcomes.collect([self.old, self.new], busy=())
            done = True
        else:
            moved_from = str(self.old) if self._kind == "rename" else None
            stored = Job(job, self._kind, "tf", str(self.new), None, moved_from=moved_from)
            done, leftovers = outcomes.clean_up(stored)
            assert leftovers == []
        assert self._found() == ((None, self.after) if done else (self.before, None)), f"kill {number}, told: {told}"
        left = {path.name for path in self.envs.iterdir()} - {self.old.name, self.new.name}
        assert not [name for name in left if not name.startswith((".tfenv-lock-", ".tfenv-holder-"))], left
        self.outcomes["told" if told else "done" if done else "undone"] += 1
        # The duration depends on the load of the machine. Aim at a moment for which half of the kills come too late.
        self.seconds *= 0.85 if told else 1.2

    def _found(self) -> tuple[object, object]:
        """Return the trees at the old prefix and, if it differs, at the new prefix."""
        trees = [tree(place) if place.exists() else None for place in (self.old, self.new)]
        if self._kind == "rename":
            return trees[0], trees[1]
        if trees[0] == self.before:
            return self.before, None
        return None, trees[0]


def _create(lab: Lab) -> Order:
    return order(lab, lab.prefix, "0a", "app ==3.0", "tool ==1.0")


@pytest.mark.parametrize("kills", KILLS)
@pytest.mark.parametrize("kind", ["delete", "rename", "remove"])
def test_a_killed_job_is_done_or_undone_and_a_job_that_succeeded_stays_done(lab: Lab, kind: str, kills: int) -> None:
    widen(lab)

    def of_kind(old: Path, new: Path, job: str) -> Order:
        if kind == "delete":
            return removal(old, job)
        if kind == "remove":
            return order(lab, old, job, "tool ==1.0")
        moved: dict[str, Any] = {"origin": "move", "source": old, "fingerprint": prefixes.fingerprint(old)}
        return order(lab, new, job, "app ==3.0", "tool ==1.0", **moved)

    random.seed(kind)
    killing = Killing(lab, of_kind, kind)
    for number in range(kills):
        killing.once(number)
    # Some kills must come before the result and some after it, or the test proves nothing.
    assert killing.outcomes["told"] > 0, killing.outcomes
    assert killing.outcomes["told"] < kills, killing.outcomes


@pytest.mark.parametrize("kills", KILLS)
def test_an_environment_removed_while_an_update_still_deletes_its_old_version_stays_removed(
    lab: Lab, kills: int
) -> None:
    widen(lab)
    random.seed("both")
    for number in range(kills):
        whole(order(lab, lab.prefix, f"2{number:04d}", "app ==3.0"))
        update = start(order(lab, lab.prefix, f"3{number:04d}", "app ==4.0"))
        while DONE not in (line := update.stdout.readline()):
            assert line, "the update ended without a result"
        # The update is done, and its worker is deleting the old version.
        removing = start(removal(lab.prefix, f"4{number:04d}"))
        while DONE not in (line := removing.stdout.readline()):
            assert line, "the removal ended without a result"
        time.sleep(random.random() * 0.02)
        end(removing)
        end(update)
        outcomes.collect([lab.prefix], busy=())
        assert not [path.name for path in lab.prefix.parent.iterdir() if "lock" not in path.name], f"kill {number}"
