"""Changes of a real TensorFlow environment, compared with a hard-link copy of its tree."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .measure import Measure, Skipped


class Silent:
    """Watcher that ignores progress."""

    def phase(self, name: str) -> None: ...

    def progress(self, progress: object) -> None: ...

    def engaged(self, engagement: object) -> None: ...

    def notice(self, advice: object) -> None: ...

    @contextlib.contextmanager
    def swapping(self) -> Iterator[None]:
        yield


def channel() -> str:
    """Return the URL of the channel with real TensorFlow. Raises Skipped if there is none."""
    from tests.repacked.channel import place

    if not (place() / "noarch" / "repodata.json").is_file():
        raise Skipped("the channel with TensorFlow is not built (python -m tests.repacked builds it)")
    return place().as_uri()


def _disk(path: Path) -> int:
    """Return the bytes of the files of a tree that have no other hard link."""
    total = 0
    for place, _, names in os.walk(path):
        for name in names:
            status = (Path(place) / name).lstat()
            total += status.st_size if status.st_nlink == 1 else 0
    return total


def import_seconds(prefix: Path) -> float:
    """Return the seconds that a new process takes to import TensorFlow."""
    start = time.perf_counter()
    subprocess.run(
        [prefix / "bin" / "python", "-c", "import tensorflow"],
        check=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    return time.perf_counter() - start


def measures() -> Iterator[Measure]:
    """Yield the times in seconds, compared with a copy in the same run."""
    url = channel()
    folder = Path(tempfile.mkdtemp(prefix="tfenv-benchmark-"))
    home = os.environ.get("HOME")
    os.environ["HOME"] = str(folder)
    try:
        yield from _measures(url, folder)
    finally:
        if home is not None:
            os.environ["HOME"] = home
        shutil.rmtree(folder, ignore_errors=True)


def _measures(url: str, folder: Path) -> Iterator[Measure]:
    from tfenv_lab.conda.machine import virtual_packages
    from tfenv_lab.conda.prefix import lock, state
    from tfenv_lab.conda.repodata.repodata import Repodata
    from tfenv_lab.conda.settings import condarc, network
    from tfenv_lab.conda.solving.solve import solve
    from tfenv_lab.conda.transaction import apply as transaction
    from tfenv_lab.conda.transaction.change import Change
    from tfenv_lab.disk import flushing

    #: Seconds that each change waits until its new tree is on the disk.
    flushes: list[float] = []
    flush = flushing.flush_file_system

    def timed_flush(folder: Path) -> None:
        start = time.perf_counter()
        flush(folder)
        flushes.append(time.perf_counter() - start)

    flushing.flush_file_system = timed_flush
    settings = condarc.with_channels(condarc.load(), [url])

    async def change(name: str, version: str, job: str, **fields: Any) -> float:
        target = folder / "envs" / name
        repodata = Repodata(settings, cache_dir=folder / "repodata")
        specs = [f"tensorflow {version}.* cpu_*", "python", "keras", "ipykernel", "pip"]
        records = await solve(repodata, specs, virtual_packages=virtual_packages.detect())
        start = time.perf_counter()
        await transaction.apply(
            Change(
                **{
                    "origin": "in_place" if target.exists() else "new",
                    "prefix": target,
                    "kind": "create",
                    "subdir": repodata.subdir,
                    "lock": lock.dumps(records, [url], repodata.subdir),
                    "requested": {"tensorflow": specs[0]},
                    "channels": [url],
                    "fingerprint": state.fingerprint(target) if target.exists() else None,
                    **fields,
                }
            ),
            job,
            package_cache=folder / "pkgs",
            bytecode_store=folder / "bytecode",
            client=network.client(settings),
            watcher=Silent(),
        )
        return time.perf_counter() - start

    older, newer = releases(url)
    cold = asyncio.run(change("cold", older, "0a"))
    warm = min(asyncio.run(change(f"warm{n}", older, f"1{n}")) for n in range(3))
    first_import = import_seconds(folder / "envs" / "warm0")
    later_import = min(import_seconds(folder / "envs" / "warm0") for _ in range(2))
    tree = folder / "envs" / "cold"
    copies = []
    for number in range(3):
        start = time.perf_counter()
        subprocess.run(["cp", "-al", tree, folder / f"copy{number}"], check=True)
        copies.append(time.perf_counter() - start)
    copy = min(copies)
    clone = min(asyncio.run(change(f"clone{n}", older, f"3{n}", origin="copy", source=tree)) for n in range(3))
    extra = _disk(folder / "envs" / "clone0") / max(1, sum(f.lstat().st_size for f in tree.rglob("*") if f.is_file()))
    yield Measure(f"create TensorFlow {older}, cold cache", cold, "s", copy, "hard-link copy")
    yield Measure("  of it: flush to the disk", flushes[0], "s")
    yield Measure("create, warm cache", warm, "s", copy, "hard-link copy", 3 * copy + 1)
    yield Measure("first import after a create", first_import, "s", later_import, "a later one", 1.2 * later_import)
    yield Measure("clone", clone, "s", copy, "hard-link copy", 2 * copy)
    yield Measure("extra disk of a clone", 100 * extra, "%", limit=2)
    asyncio.run(change("warm0", newer, "2a"))
    update = asyncio.run(change("warm1", newer, "2b"))
    revert = asyncio.run(change("warm1", older, "2c"))
    yield Measure(f"update {older} -> {newer}, warm cache", update, "s", copy, "hard-link copy", 2)
    yield Measure("revert, warm cache", revert, "s", copy, "hard-link copy", 2)
    yield Measure("  of it: flush to the disk", flushes[-1], "s")
    flushing.flush_file_system = flush


def releases(url: str) -> tuple[str, str]:
    """Return the two newest minor versions of TensorFlow on the channel, the older one first."""
    import json
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    path = Path(url2pathname(urlsplit(url).path))
    minors: set[tuple[int, int]] = set()
    for file in path.glob("*/repodata.json"):
        packages = json.loads(file.read_text())["packages.conda"].values()
        versions = (p["version"].split(".") for p in packages if p["name"] == "tensorflow")
        minors |= {(int(v[0]), int(v[1])) for v in versions}
    older, newer = sorted(minors)[-2:]
    return "{}.{}".format(*older), "{}.{}".format(*newer)
