"""How times grow with what exists, over REST: packages, environments, revisions, jobs, channel records and clients.

For each line the slope in a picture with logarithmic axes is printed: 0 is a time that does not grow, 1 one that grows
in proportion. ``--markdown`` writes the slopes into ``docs/performance.md``, and draws the lines.
"""

from __future__ import annotations

import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import fill

from . import page
from .measure import Measure
from .peers.channels import Contents
from .peers.servers import Rest
from .picture import draw

#: How often each point is measured; the shortest time counts.
TRIES = 3
_PICTURE = "![Seconds against the number of things](images/growth.svg)"


@dataclass
class Line:
    """Seconds of one piece of work against a number of things, and the largest slope that is promised."""

    name: str
    things: str
    limit: float
    points: list[tuple[int, float]] = field(default_factory=list)

    def add(self, number: int, work: Callable[[], object]) -> None:
        """Measure the work with this number of things."""
        times = []
        for _ in range(TRIES):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
        self.points.append((number, min(times)))

    @property
    def slope(self) -> float:
        """The slope between the last two points, where constant costs count least."""
        (fewer, quicker), (more, slower) = self.points[-2:]
        return math.log(slower / quicker) / math.log(more / fewer)

    def measure(self) -> Measure:
        (first, start), (last, end) = self.points[0], self.points[-1]
        name = f"{self.name}, {first:,} to {last:,} {self.things}"
        return Measure(f"{name}: {start * 1000:.0f} to {end * 1000:.0f} ms, slope", self.slope, "", limit=self.limit)


def lines(folder: Path) -> Iterator[Line]:
    """Yield the lines, each measured with a server of its own."""
    yield from _packages(folder)
    yield from _environments(folder)
    yield from _revisions(folder)
    yield from _jobs(folder)
    yield from _records(folder)
    yield from _clients(folder)


def _channel(folder: Path, packages: int = 0) -> Contents:
    """Make a channel with stand-ins for TensorFlow, and tiny packages that one package requires by the hundred."""
    channel = fill(TinyChannel(folder / "channel"))
    for number in range(packages):
        channel.add(f"tiny-{number}", "1.0", noarch="generic")
    channel.index()
    return Contents(channel.url, ("python",), (), "tensorflow", "tiny")


def _packages(folder: Path) -> Iterator[Line]:
    create = Line("Create an environment, warm cache", "packages", 1.1)
    details = Line("List the packages of an environment", "packages", 1.1)
    with closing(Rest(folder / "packages", _channel(folder / "packages", 600))) as server:
        for number in (10, 100, 300, 600):
            specs = [f"tiny-{each}" for each in range(number)]
            names = iter(f"n{number}-{each}" for each in range(9))
            server.create(next(names), specs)
            create.add(number, lambda names=names, specs=specs: server.create(next(names), specs))  # type: ignore[misc]
            identifier = server.identify(f"n{number}-0")
            details.add(number, lambda i=identifier: server.call("GET", f"environments/{i}/packages"))  # type: ignore[misc]
    yield from (create, details)


def _environments(folder: Path) -> Iterator[Line]:
    listing = Line("List the environments, one of which changed", "environments", 1.1)
    install = Line("Change one environment", "environments", 0.6)
    with closing(Rest(folder / "environments", _channel(folder / "environments", 20))) as server:
        for number in (10, 100, 1_000, 10_000):
            for each in range(number - len(list(server.envs.iterdir()))):
                (server.envs / f"e{number}-{each}" / "conda-meta").mkdir(parents=True)
                (server.envs / f"e{number}-{each}" / "conda-meta" / "history").touch()
            server.list()
            changed = iter(range(99))

            def again(number: int = number, changed: Iterator[int] = changed) -> None:
                (server.envs / f"e{number}-0" / "conda-meta" / f"a-{next(changed)}-0.json").write_text("{}")
                server.list()

            listing.add(number, again)
            names = iter(f"c{number}-{each}" for each in range(9))
            install.add(number, lambda names=names: server.create(next(names), ["tiny-1"]))  # type: ignore[misc]
    yield from (listing, install)


def _revisions(folder: Path) -> Iterator[Line]:
    change = Line("Change an environment", "revisions", 0.6)
    history = Line("Show the history", "revisions", 1.1)
    with closing(Rest(folder / "revisions", _channel(folder / "revisions", 60))) as server:
        server.create("old", ["tiny-0"])
        identifier = server.identify("old")
        store = server.envs / "old" / "conda-meta" / "tfenv_lab"
        specs = iter(range(1, 60))
        for number in (1, 10, 50, 200):
            first = json.loads((store / "00000.json").read_text())
            for each in range(len(list(store.glob("[0-9]*.lock"))), number):
                shutil.copy(store / "00000.lock", store / f"{each:05d}.lock")
                (store / f"{each:05d}.json").write_text(json.dumps({**first, "number": each}))
            change.add(number, lambda: server.update("old", [f"tiny-{next(specs)}"]))
            history.add(number, lambda: server.call("GET", f"environments/{identifier}/revisions"))
    yield from (change, history)


def _jobs(folder: Path) -> Iterator[Line]:
    line = Line("List the jobs", "jobs on the disk", 1.1)
    with closing(Rest(folder / "jobs", _channel(folder / "jobs", 20))) as server:
        server.create("old", ["tiny-0"])
        store = next((folder / "jobs").rglob("tfenv_lab/jobs"))
        job = next(store.glob("*.json"))
        for number in (10, 100, 1_000, 10_000):
            for each in range(len(list(store.glob("*.json"))), number):
                identifier = f"{each:017x}"
                (store / f"{identifier}.json").write_text(job.read_text().replace(job.stem, identifier))
            server.call("GET", "jobs")
            line.add(number, lambda: server.call("GET", "jobs"))
    yield line


def _add_records(path: Path, number: int) -> None:
    """Add records of packages that nothing requires, ten of each name, without all of them in memory."""
    data = json.loads(path.read_text())
    packages = data["packages.conda"]
    record = {**next(iter(packages.values())), "name": "NAME", "version": "VERSION"}
    template = f'"NAME-VERSION-0.conda": {json.dumps(record)}, '
    before, mark, after = json.dumps(data).partition('"packages.conda": {')
    with path.open("w") as file:
        file.write(before + mark)
        for each in range(number):
            name, version = f"synthetic-{each // 10}", f"1.{each % 10}"
            file.write(template.replace("NAME", name).replace("VERSION", version))
        file.write(after)
    for other in path.parent.glob("repodata.json.*"):
        other.unlink()


def _records(folder: Path) -> Iterator[Line]:
    catalog = Line("Show the catalog after a restart", "channel records", 1.1)
    search = Line("Search for packages", "channel records", 1.1)
    for number in (7_000, 50_000, 200_000, 1_000_000):
        contents = _channel(folder / f"records-{number}", 20)
        _add_records(Path(contents.url.removeprefix("file://")) / "noarch" / "repodata.json", number)
        with closing(Rest(folder / f"server-{number}", contents)) as server:
            start = time.perf_counter()
            server.versions()
            catalog.points.append((number, time.perf_counter() - start))
            search.add(number, lambda s=server: s.call("GET", "packages?query=synthetic-1"))  # type: ignore[misc]
        shutil.rmtree(folder / f"records-{number}")
    yield from (catalog, search)


def _clients(folder: Path) -> Iterator[Line]:
    line = Line("List 100 environments, all clients together", "clients", 1.1)
    with closing(Rest(folder / "clients", _channel(folder / "clients", 20))) as server:
        for each in range(100):
            (server.envs / f"e{each}" / "conda-meta").mkdir(parents=True)
            (server.envs / f"e{each}" / "conda-meta" / "history").touch()
        server.list()
        for number in (1, 10, 100):
            with ThreadPoolExecutor(number) as clients:
                line.add(number, lambda c=clients, n=number: list(c.map(lambda _: server.list(), range(n))))  # type: ignore[misc]
    yield line


def measures(markdown: bool = False) -> Iterator[Measure]:
    """Yield the slope of each line."""
    folder = Path(tempfile.mkdtemp(prefix="tfenv-growth-"))
    measured = []
    try:
        for line in lines(folder):
            measured.append(line)
            yield line.measure()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if markdown:
        about = f"Measured {page.circumstances()}. The value is the slope between the last two points."
        page.write("growth", f"{about}\n\n{page.table([line.measure() for line in measured])}\n\n{_PICTURE}")
        drawn = {f"{line.name} ({line.things})": line.points for line in measured}
        page.picture("growth", draw("How times grow", drawn, "number of things", "seconds"))
