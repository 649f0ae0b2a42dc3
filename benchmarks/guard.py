"""Guard against work that becomes slow: processor time of commands, compared with other work of the same run.

Every limit is a ratio of processor times, which other programs on the machine hardly change. The smallest time of
several rounds counts. So this can run on shared machines, in about half a minute. ``--record`` adds the ratios to
``benchmarks/history.jsonl``, and draws that file in ``docs/images/guard.svg``.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import fill

from . import page
from .measure import Measure
from .peers.channels import Contents
from .peers.tools import CommandLine
from .picture import draw

HISTORY = Path(__file__).with_name("history.jsonl")
#: How often each piece of work is done.
ROUNDS = 3
#: What every Jupyter command imports, whatever it does.
_LEAST = "import asyncio, jupyter_core.application"
#: The limits of each ratio: about one and a half times what was measured when the limit was set.
LIMITS = {
    ("list", "start"): 4.5,
    ("list of 500", "list"): 2.0,
    ("create", "list"): 4.0,
    ("update", "create"): 1.7,
    ("revert", "create"): 1.7,
    ("remove", "create"): 1.5,
    ("clone", "create"): 1.6,
}


def _channel(folder: Path) -> Contents:
    channel = fill(TinyChannel(folder))
    for version in ("1.0", "2.0"):
        for number in range(10):
            files = {f"share/part-{number}/{each}.txt": f"{version} {each}" for each in range(10)}
            channel.add(f"part-{number}", version, noarch="generic", files=files)
    channel.index()
    before, after = (tuple(f"part-{number} =={version}" for number in range(10)) for version in ("1.0", "2.0"))
    return Contents(channel.url, before, after, "tensorflow", "part")


def _start(tool: CommandLine) -> None:
    subprocess.run([sys.executable, "-c", _LEAST], env=tool.environ, check=True)


def _processor(work: Callable[[], object]) -> float:
    """Return the processor seconds of the processes that ``work`` starts and waits for."""
    before = os.times()
    work()
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def _seconds(folder: Path) -> dict[str, float]:
    """Return the smallest processor seconds of each piece of work."""
    contents = _channel(folder / "channel")
    tool, many = CommandLine(folder / "home", contents), CommandLine(folder / "many", contents)
    for number in range(500):
        (many.envs / f"listed-{number}" / "conda-meta").mkdir(parents=True)
        (many.envs / f"listed-{number}" / "conda-meta" / "history").touch()
    tool.create("origin", contents.before)
    many.list()
    found: dict[str, list[float]] = {}
    for number in range(ROUNDS):
        name = f"tf{number}"
        works: dict[str, Callable[[], object]] = {
            "start": lambda: _start(tool),
            "list": tool.list,
            "list of 500": many.list,
            "create": lambda name=name: tool.create(name, contents.before),  # type: ignore[misc]
            "update": lambda name=name: tool.update(name, contents.after),  # type: ignore[misc]
            "revert": lambda name=name: tool.revert(name),  # type: ignore[misc]
            "clone": lambda name=name: tool.clone("origin", f"copy-{name}"),  # type: ignore[misc]
            "remove": lambda name=name: tool.remove(name),  # type: ignore[misc]
        }
        for each, work in works.items():
            found.setdefault(each, []).append(_processor(work))
    return {each: min(seconds) for each, seconds in found.items()}


def draw_history() -> None:
    """Draw the ratios of all lines of the history."""
    history = [json.loads(line) for line in HISTORY.read_text().splitlines()]
    names = [f"{work} / {other}" for work, other in LIMITS]
    lines = {
        name: [(number, line[name]) for number, line in enumerate(history) if name in line]
        for name in names
        if any(name in line for line in history)
    }
    dates = [line["date"] for line in history]
    page.picture("guard", draw("Ratios of processor times", lines, "recorded on", "ratio", False, dates))


def measures(record: bool = False) -> Iterator[Measure]:
    """Yield the ratios."""
    folder = Path(tempfile.mkdtemp(prefix="tfenv-guard-"))
    try:
        seconds = _seconds(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    ratios = {f"{work} / {other}": round(seconds[work] / seconds[other], 2) for work, other in LIMITS}
    for (name, ratio), limit in zip(ratios.items(), LIMITS.values(), strict=True):
        yield Measure(name, ratio, "x", limit=limit)
    if record:
        line = {"date": date.today().isoformat(), "python": platform.python_version(), **ratios}
        with HISTORY.open("a") as file:
            file.write(json.dumps(line) + "\n")
        draw_history()
