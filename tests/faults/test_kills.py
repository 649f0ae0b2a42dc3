"""Kills of the worker, or of uv below it, at a chosen call of each phase of an update."""

from __future__ import annotations

import random
import re

import pytest

from .test_errors import HARMLESS, PHASES
from .world import WRITES, World

CALLS = f"{WRITES},unlink,flush"
#: The phases whose kills run each time; the others run with ``-m long``.
QUICK = ("download", "wheels", "bytecode", "record", "swap", "after the swap")


@pytest.mark.parametrize(
    "paths",
    [
        pytest.param(paths, id=phase, marks=() if phase in QUICK else pytest.mark.long)
        for phase, paths in {**PHASES, **HARMLESS}.items()
    ],
)
def test_a_kill_in_a_phase_leaves_the_old_environment_or_the_new_and_nothing_else(world: World, paths: str) -> None:
    world.arm(CALLS, f"{re.escape(str(world.root))}.*{paths}", "kill")
    job, said = world.run()
    assert world.hit.exists()
    world.heal()
    done = world.settle(job)
    assert world.tree() == (world.after if done else world.before)
    assert done or said is None or said["type"] == "failed"
    world.collect()
    assert world.left() == []
    world.succeed()


@pytest.mark.long
@pytest.mark.parametrize("number", range(100))
def test_a_kill_at_any_call_leaves_the_old_environment_or_the_new_and_nothing_else(world: World, number: int) -> None:
    places = f"{re.escape(str(world.root))}/({'|'.join(world.PLACES)})/"
    world.arm(CALLS, places, "kill", passing=random.Random(number).randrange(400))
    job, _ = world.run()
    world.heal()
    done = world.settle(job)
    assert world.tree() == (world.after if done else world.before)
    world.collect()
    assert world.left() == []
    world.succeed()
