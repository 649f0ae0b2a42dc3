"""Do each piece of work with every tool in turn, several times, and collect the times."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..measure import Skipped
from . import floors
from .channels import Contents, full, small
from .servers import Gator, Rest, Server
from .table import Row, Table
from .tools import CommandLine, Conda, Tool

#: How often each piece of work is done with each tool.
ROUNDS = 5
#: Environments in the folders of the long lists.
MANY, FEWER = 1000, 100


@dataclass(frozen=True)
class Work:
    """A piece of work. ``before`` and ``after`` are not counted; all get the tool and the number of the round.

    ``method`` is the method that a tool must have for this work. ``limits`` are ratios to conda by the name of the
    tool. ``floor`` returns the seconds of what no tool can save.
    """

    name: str
    method: str
    run: Callable[[Any, int], object]
    before: Callable[[Any, int], object] = lambda tool, number: None
    after: Callable[[Any, int], object] = lambda tool, number: None
    limits: tuple[tuple[str, float], ...] = ()
    floor: Callable[[Tool], float] | None = None
    floor_name: str = ""


def _drop(tool: Tool, *names: str) -> None:
    """Delete environments without the tool."""
    for name in names:
        shutil.rmtree(tool.envs / name, ignore_errors=True)


def _works(contents: Contents) -> list[Work]:
    before, after = contents.before, contents.after

    def fill(count: int) -> Callable[[Any, int], None]:
        def make(tool: Tool, number: int) -> None:
            for each in range(count - sum(1 for _ in tool.envs.iterdir())):
                (tool.envs / f"listed-{count}-{each}" / "conda-meta").mkdir(parents=True)
                (tool.envs / f"listed-{count}-{each}" / "conda-meta" / "history").touch()

        return make

    def lock_of(tool: Any) -> Path:
        path = Path(tool.home / "lock.txt")
        if not path.is_file():
            path.write_text(tool.export("origin"))
        return path

    def updated(tool: Any, number: int) -> None:
        tool.create(f"u{number}", before)
        tool.update(f"u{number}", after)

    cli, rest = "tfenv_lab CLI", "tfenv_lab REST"
    reading = ((cli, 1.0), (rest, 1.0))
    return [
        Work(
            "create, empty cache", "create",
            lambda tool, number: tool.create(f"e{number}", before),
            before=lambda tool, number: tool.forget_packages(),
            after=lambda tool, number: _drop(tool, f"e{number}"),
            limits=((cli, 0.5), (rest, 0.5)), floor=floors.unpack_seconds, floor_name="unpacking",
        ),
        Work(
            "create, warm cache", "create",
            lambda tool, number: tool.create(f"w{number}", before),
            after=lambda tool, number: _drop(tool, f"w{number}"),
            limits=((cli, 0.2), (rest, 0.2)), floor=floors.copy_seconds, floor_name="hard-link copy",
        ),
        Work(
            "first import of TensorFlow", "first_import",
            lambda tool, number: tool.first_import(f"f{number}"),
            before=lambda tool, number: tool.create(f"f{number}", before),
            after=lambda tool, number: _drop(tool, f"f{number}"),
            floor=floors.python_seconds, floor_name="starting Python",
        ),
        Work(
            "kernel visible after create", "show_kernel",
            lambda tool, number: tool.show_kernel(f"k{number}"),
            before=lambda tool, number: tool.create(f"k{number}", before),
            after=lambda tool, number: tool.remove(f"k{number}"),
        ),
        Work(
            "update, warm cache", "update",
            lambda tool, number: tool.update(f"u{number}", after),
            before=lambda tool, number: tool.create(f"u{number}", before),
            after=lambda tool, number: _drop(tool, f"u{number}"),
            limits=((cli, 0.2), (rest, 0.2)), floor=floors.copy_seconds, floor_name="hard-link copy",
        ),
        Work(
            "revert, warm cache", "revert",
            lambda tool, number: tool.revert(f"u{number}"),
            before=updated,
            after=lambda tool, number: _drop(tool, f"u{number}"),
            floor=floors.copy_seconds, floor_name="hard-link copy",
        ),
        Work(
            "clone", "clone",
            lambda tool, number: tool.clone("origin", f"c{number}"),
            after=lambda tool, number: _drop(tool, f"c{number}"),
            limits=((cli, 0.15), (rest, 0.15)), floor=floors.copy_seconds, floor_name="hard-link copy",
        ),
        Work(
            "remove", "remove",
            lambda tool, number: tool.remove(f"r{number}"),
            before=lambda tool, number: tool.create(f"r{number}", before),
        ),
        Work("plan of a new environment", "plan", lambda tool, number: tool.plan("p", before), limits=reading),
        Work(
            "export as an explicit list", "export", lambda tool, number: tool.export("origin"),
            limits=reading, floor=floors.python_seconds, floor_name="starting Python",
        ),
        Work(
            "import of an explicit list", "import_lock",
            lambda tool, number: tool.import_lock(f"i{number}", lock_of(tool)),
            before=lambda tool, number: lock_of(tool),
            after=lambda tool, number: _drop(tool, f"i{number}"),
            floor=floors.copy_seconds, floor_name="hard-link copy",
        ),
        Work(
            "versions of TensorFlow", "versions", lambda tool, number: tool.versions(),
            limits=reading, floor=floors.python_seconds, floor_name="starting Python",
        ),
        Work("search for packages", "search", lambda tool, number: tool.search(), limits=reading),
        Work(
            "list of 10 environments", "list", lambda tool, number: tool.list(), before=fill(10),
            limits=reading, floor=floors.python_seconds, floor_name="starting Python",
        ),
        Work("list of 100 environments", "list", lambda tool, number: tool.list(), before=fill(FEWER), limits=reading),
        Work("list of 1,000 environments", "list", lambda tool, number: tool.list(), before=fill(MANY), limits=reading),
    ]  # fmt: skip


@contextlib.contextmanager
def _started(folder: Path, contents: Contents) -> Iterator[tuple[list[Any], list[str]]]:
    """Start the tools, each with an environment “origin”. Yield them, and why others are left out."""
    tools: list[Any] = []
    absent = []
    try:
        for kind in (Conda, Gator, CommandLine, Rest):
            try:
                tool = kind(folder / kind.__name__, contents)
            except Skipped as reason:
                absent.append(f"{kind.name} is left out: {reason}")
                continue
            tools.append(tool)
            tool.create("origin", contents.before)
        yield tools, absent
    finally:
        for tool in tools:
            tool.close()


def compare(is_full: bool) -> Table:
    """Do all work with all tools in turn, and return the times."""
    folder = Path(tempfile.mkdtemp(prefix="tfenv-peers-"))
    try:
        contents = full() if is_full else small(folder / "channel")
        with _started(folder, contents) as (tools, absent):
            versions = {tool.name: tool.version for tool in tools if hasattr(tool, "version")}
            rows = [_row(work, tools) for work in _works(contents)]
            rows += _servers(tools, folder)
        return Table(rows, [tool.name for tool in tools], versions, absent, "TensorFlow" if is_full else "small")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _servers(tools: list[Any], folder: Path) -> Iterator[Row]:
    """Yield what the extensions add to the start and to the memory of a server; ``tools`` are those that were used."""
    starts: dict[str, list[float]] = {}
    memory = {}
    servers = [tool for tool in tools if isinstance(tool, Server)]
    for number in range(ROUNDS):
        for tool in servers:
            seconds = {}
            for extended in (False, True):
                home = folder / f"{tool.extension}-{number}-{extended}"
                with contextlib.closing(type(tool)(home, tool.contents, extended)) as server:
                    seconds[extended] = server.seconds
                    if not extended:
                        memory[tool.name] = [tool.megabytes() - server.megabytes()]
            starts.setdefault(tool.name, []).append(seconds[True] - seconds[False])
    yield Row("start of a server, added", starts, {}, None, "")
    yield Row("memory of the used server, added, in MB", memory, {}, None, "", digits=0)


def _row(work: Work, tools: list[Any]) -> Row:
    able = [tool for tool in tools if hasattr(tool, work.method)]
    times: dict[str, list[float]] = {tool.name: [] for tool in able}
    for number in range(ROUNDS):
        # In turn, so that what else the machine does concerns all of them.
        for tool in able:
            work.before(tool, number)
            start = time.perf_counter()
            work.run(tool, number)
            times[tool.name].append(time.perf_counter() - start)
            work.after(tool, number)
    # conda keeps the archives that it unpacks.
    lowest = min((work.floor(able[0]) for _ in range(3)), default=None) if work.floor and able else None
    return Row(work.name, times, dict(work.limits), lowest, work.floor_name)
