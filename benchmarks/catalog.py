"""The catalog with real conda-forge metadata: cold and warm times, blocking of the event loop, and memory."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.tensorflow.catalog.catalog import Catalog

from .measure import Measure, milliseconds, slice_dir

_MACHINES = {"without a GPU": "", "with CUDA 12.9": "12.9", "with CUDA 11.8": "11.8"}


def measures() -> Iterator[Measure]:
    root = slice_dir()
    settings = CondaSettings(channels=(ChannelRef("slice", root.as_uri()),), envs_dirs=(), pkgs_dirs=())
    files = list(root.glob("*/repodata.json"))
    floor = milliseconds(lambda: [json.loads(path.read_bytes()) for path in files])

    def catalog(cuda: str = "") -> Catalog:
        repodata = Repodata(settings, "linux-64", Path(tempfile.gettempdir()) / "tfenv-lab-benchmark")
        return Catalog(repodata, {"CONDA_OVERRIDE_ARCHSPEC": "x86_64_v3", "CONDA_OVERRIDE_CUDA": cuda})

    def get(cuda: str) -> None:
        asyncio.run(catalog(cuda).get())

    for machine, cuda in _MACHINES.items():
        cold = milliseconds(partial(get, cuda))
        yield Measure(f"cold, {machine}", cold, floor=floor, floor_name="json.loads of the same files", limit=300)

    async def warm() -> tuple[float, float]:
        known = catalog()
        model = await known.get()
        times = []
        for _ in range(50):
            start = time.perf_counter()
            await known.get()
            times.append((time.perf_counter() - start) * 1000)
        answer = milliseconds(lambda: json.dumps(dataclasses.asdict(model)))
        return sorted(times)[len(times) // 2], answer

    value, floor = asyncio.run(warm())
    yield Measure("warm", value, floor=floor, floor_name="writing the answer as JSON", limit=30)

    async def gap() -> float:
        done = asyncio.ensure_future(catalog().get())
        worst = 0.0
        while not done.done():
            start = time.perf_counter()
            await asyncio.sleep(0)
            worst = max(worst, time.perf_counter() - start)
        return worst * 1000

    yield Measure("longest hold of the event loop, cold", asyncio.run(gap()))
    yield from _memory(root)


def _memory(root: Path) -> Iterator[Measure]:
    """Measure in new processes, because a process does not return freed memory to the system."""
    for name, cold in (("memory, growth by rattler alone", False), ("memory, growth by the slice's catalog", True)):
        command = [sys.executable, "-m", "benchmarks.catalog", str(root), str(int(cold))]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        yield Measure(name, float(output), unit="MB")


def _grown(root: str, cold: bool) -> float:
    """Return by how many MB this process grows: from building a catalog if ``cold``, otherwise from imports."""
    import psutil

    settings = CondaSettings(channels=(ChannelRef("slice", Path(root).as_uri()),), envs_dirs=(), pkgs_dirs=())
    before = psutil.Process().memory_info().rss
    if not cold:
        return before / 1e6 - _bare()
    asyncio.run(Catalog(Repodata(settings, "linux-64")).get())
    return (psutil.Process().memory_info().rss - before) / 1e6


def _bare() -> float:
    """Return the size in MB of a Python process with only standard imports."""
    code = "import psutil, asyncio, json, subprocess, tempfile; print(psutil.Process().memory_info().rss / 1e6)"
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    print(_grown(sys.argv[1], sys.argv[2] == "1"))
