"""Errors of the file system in each phase of an update: the environment stays the old one, and the job says why.

A preloaded library lets calls of the worker, of rattler and of uv fail for some paths, as a full or broken drive does.
"""

from __future__ import annotations

import random
import re

import pytest

from .world import FAULTS, WRITES, Fault, World

#: What each phase writes, as regular expressions.
PHASES = {
    "download": r"/pkgs/\.?(app|pure)",
    "cache lock": r"/pkgs/\.cache\.lock",
    "copy": r"/envs/\.tfenv-new-[^/]*/notes\.txt",
    "link": r"/\.tfenv-new-[^/]*/share/app",
    "wheels": r"/uv-cache/",
    "wheel tree": r"/\.tfenv-wheels/",
    "bytecode": r"/bytecode/",
    "record": r"/\.tfenv-new-[^/]*/conda-meta/(history|tfenv_lab)",
    "flush": r"/\.tfenv-new-[^/]*$",
    "swap": r"/envs/tf$",
    "lock": r"/envs/\.tfenv-(lock|holder)-",
}
#: What is written after the swap, or does not matter to the result.
HARMLESS = {
    "after the swap": r"/\.tfenv-(trash|old)-",
    "list of environments": r"/home/\.conda",
    "temporary files": r"/tmp/",
}
#: The faults that a phase cannot have, because it only renames or flushes.
IMPOSSIBLE = {
    ("swap", "ENOSPC"), ("swap", "EDQUOT"), ("swap", "EMFILE"), ("flush", "EMFILE"), ("flush", "EROFS"),
    ("copy", "EMFILE"),
}  # fmt: skip
#: The cells that run each time; all others run with ``-m long``.
QUICK = {
    ("download", "EIO"), ("download", "ENOSPC"), ("cache lock", "EROFS"), ("copy", "EIO"), ("link", "EDQUOT"),
    ("link", "EMFILE"), ("wheels", "EROFS"), ("wheels", "EMFILE"), ("wheel tree", "EIO"), ("wheel tree", "ENOSPC"),
    ("bytecode", "EMFILE"), ("record", "EIO"), ("flush", "EIO"), ("flush", "ENOSPC"), ("swap", "EROFS"),
    ("lock", "EMFILE"),
}  # fmt: skip
CELLS = [
    pytest.param(PHASES[phase], FAULTS[name], id=f"{phase}-{name}", marks=() if cell in QUICK else pytest.mark.long)
    for phase in PHASES
    for name in FAULTS
    if (cell := (phase, name)) not in IMPOSSIBLE
]


def require_told(error: dict[str, str | None], fault: Fault) -> None:
    """Assert that an error says what happened in words of its own, with what to do."""
    message = error["message"] or ""
    assert error["reason"] == fault.reason, error
    assert fault.words.lower() in message.lower(), error
    assert ".tfenv-new" not in message
    assert error["hint"]


@pytest.mark.parametrize(("paths", "fault"), CELLS)
def test_a_fault_before_the_swap_changes_nothing_and_is_named(world: World, paths: str, fault: Fault) -> None:
    calls = "flush" if paths == PHASES["flush"] else fault.calls.replace(",flush", "")
    world.arm(calls, f"{re.escape(str(world.root))}.*{paths}", fault.number)
    job, said = world.run()
    assert world.hit.exists()
    world.heal()
    assert said is not None
    assert said["type"] == "failed", said
    require_told(said["error"], fault)
    assert not world.settle(job)
    assert world.tree() == world.before
    world.collect()
    assert world.left() == []
    world.succeed()


@pytest.mark.parametrize("name", [pytest.param("EIO"), *(pytest.param(n, marks=pytest.mark.long) for n in FAULTS)])
@pytest.mark.parametrize("paths", HARMLESS.values(), ids=HARMLESS)
def test_a_fault_after_the_swap_does_not_undo_the_change(world: World, paths: str, name: str) -> None:
    fault = FAULTS[name]
    # The directory of the swap itself is not part of this.
    world.arm(fault.calls, f"{re.escape(str(world.root))}.*{paths}", fault.number)
    job, said = world.run()
    world.heal()
    assert said is not None
    assert said["type"] == "succeeded", said
    assert world.settle(job)
    assert world.tree() == world.after
    assert world.left() == []


@pytest.mark.long
@pytest.mark.parametrize("passes", range(40))
@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_at_any_moment_leaves_the_old_environment_or_the_new(world: World, name: str, passes: int) -> None:
    fault = FAULTS[name]
    places = f"{re.escape(str(world.root))}/({'|'.join(world.PLACES)})/"
    passing = random.Random(f"{name} {passes}").randrange(400)
    world.arm(fault.calls, places, fault.number, passing=passing)
    job, said = world.run()
    world.heal()
    done = world.settle(job)
    assert world.tree() == (world.after if done else world.before)
    if not done:
        assert said is not None
        require_told(said["error"], fault)
    world.collect()
    assert world.left() == []
    world.succeed()


@pytest.mark.parametrize("calls", [WRITES, "unlink"])
def test_a_cell_without_a_fault_is_no_cell(world: World, calls: str) -> None:
    """Verify that the library lets everything else pass, or the other tests would prove nothing."""
    world.arm(calls, "/nowhere/", 5)
    world.succeed()
    assert not world.hit.exists()
