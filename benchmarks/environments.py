"""The list of environments, cold and warm, compared with a plain listing of their directories.

The environments are a thousand directories of empty files, laid out like real ones. The list includes its JSON.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from unittest.mock import patch

from tfenv_lab.conda.settings import condarc
from tfenv_lab.environments.service import EnvironmentService
from tfenv_lab.kernels.service import KernelService

from .measure import Measure, milliseconds

_ENVIRONMENTS, _PACKAGES = 1000, 65
_NAMES = (
    "tensorflow-2.19.1-cpu_py311h1_0",
    "keras-3.5.0-pyh_0",
    "python-3.11.9-h1_0_cpython",
    "ipykernel-6.29.5-pyh_0",
)
_SITE = "lib/python3.11/site-packages"
#: Packages of which the list reads more than the name.
_READ = ("tensorflow-", "keras-")


def measures() -> Iterator[Measure]:
    with tempfile.TemporaryDirectory() as name, patch.dict(os.environ, {"HOME": f"{name}/home"}):
        folder, home = Path(name) / "envs", Path(name) / "home"
        home.mkdir()
        generate(folder)
        # Flush the writes, so that they do not slow down the list.
        os.sync()
        floor = milliseconds(lambda: [list(os.scandir(prefix / "conda-meta")) for prefix in folder.iterdir()])
        cold, warm = asyncio.run(_lists(folder, home))
        for title, times, limit in (("list, cold", cold, 400), ("list, warm", warm, 30)):
            yield Measure(
                title,
                median(times),
                best=min(times),
                limit=limit,
                floor=floor,
                floor_name="scandir of each conda-meta",
            )


async def _lists(folder: Path, home: Path) -> tuple[list[float], list[float]]:
    """Return the times in ms of a new server's first list, and of later lists."""
    settings = await asyncio.to_thread(condarc.load, {"CONDA_ENVS_DIRS": str(folder)}, home)
    kernels = KernelService(settings, prefixes=lambda: {})

    async def answer(environments: EnvironmentService) -> float:
        start = time.perf_counter()
        assert (await environments.listing()).count('"prefix"') >= _ENVIRONMENTS
        return (time.perf_counter() - start) * 1000

    cold, warm = [], []
    for _ in range(5):
        environments = await asyncio.to_thread(
            EnvironmentService, settings, envs_dir=folder, kernels_of=kernels.registered
        )
        cold.append(await answer(environments))
        warm += [await answer(environments) for _ in range(5)]
    return cold, warm


def generate(folder: Path, kernel: str = "") -> None:
    """Create the environments, each with as many conda records as Python packages; ``kernel`` is their kernelspec.

    The list reads only names, so all files of a name are hard links to one file, which is quick and small.
    """
    stems = [*_NAMES, *(f"library{number}-1.{number}-py311h1_0" for number in range(_PACKAGES - len(_NAMES)))]
    split = [stem.rsplit("-", 2) for stem in stems]
    shapes = {
        "conda-meta": ["history", *(f"{stem}.json" for stem in stems)],
        _SITE: [entry for name, version, _ in split for entry in (name, f"{name}-{version}.dist-info")],
        "bin": ["python3.11"],
        "share/jupyter/kernels/python3": ["kernel.json"],
    }
    template = folder.with_name("template")
    for place, names in shapes.items():
        (template / place).mkdir(parents=True)
        for name in names:
            (template / place / name).touch(mode=0o755)
    (template / "share/jupyter/kernels/python3/kernel.json").write_text(kernel)
    for number in range(_ENVIRONMENTS):
        prefix = folder / f"env{number:04}"
        for place, names in shapes.items():
            (prefix / place).mkdir(parents=True)
            for name in names:
                if place != _SITE or not name.startswith(_READ):
                    os.link(template / place / name, prefix / place / name)
        (prefix / "bin" / "python").symlink_to("python3.11")
        for name in (name for name in shapes[_SITE] if name.startswith(_READ) and name.endswith(".dist-info")):
            (prefix / _SITE / name).mkdir()
            (prefix / _SITE / name / "INSTALLER").write_text("conda\n")
