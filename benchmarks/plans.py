"""Complete plans with real conda-forge metadata, as ``POST plans`` makes them, compared with the solve alone."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any
from unittest.mock import AsyncMock, patch

from tfenv_lab.conda.prefix import history
from tfenv_lab.conda.solving import solve as solving
from tfenv_lab.services import Services
from tfenv_lab.settings import TfenvLab

from .measure import Measure, slice_dir

#: Files of each package, so that an environment has as many files as a real one with TensorFlow (23,000).
_FILES = 160
_CREATE = {"kind": "create", "name": "tf", "tensorflow": "2.18.*", "python": "3.11", "packages": ["scipy"]}


def measures() -> Iterator[Measure]:
    root = slice_dir()
    machine = {"CONDA_SUBDIR": "linux-64", "CONDA_OVERRIDE_ARCHSPEC": "x86_64_v3", "CONDA_OVERRIDE_CUDA": ""}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONDA", "XDG_"))}
    with (
        tempfile.TemporaryDirectory() as home,
        patch.dict(os.environ, {**kept, **machine, "HOME": home}, clear=True),
        patch.object(solving, "solve", wraps=solving.solve) as solve,
    ):
        yield from asyncio.run(_plans(Services(TfenvLab(channels=[root.as_uri()])), solve))


async def _plans(services: Services, solve: AsyncMock) -> list[Measure]:
    """Measure each kind of plan, and separately the last call of ``solve``."""
    plan = await services.plans.create(_CREATE)
    assert plan.change is not None, "only the plan of a cleaning changes no environment"
    _install(Path(plan.prefix), plan.change.records(), dict(plan.change.requested))
    [environment] = [each for each in await services.environments.list() if each.name == "tf"]
    bodies: dict[str, dict[str, Any]] = {
        "create": {**_CREATE, "name": "other"},
        "install": {"kind": "install", "environment": environment.id, "specs": ["tensorflow-datasets"]},
        "update TensorFlow": {"kind": "update", "environment": environment.id, "packages": ["tensorflow"]},
        "update all": {"kind": "update", "environment": environment.id, "packages": "all"},
    }
    bodies["update TensorFlow, not read before"] = bodies["update TensorFlow"]
    found = []
    for kind, body in bodies.items():
        changes = Path(plan.prefix, "conda-meta", "history").touch if "not read" in kind else None
        times = await _times(partial(services.plans.create, body), changes)
        asked = solve.call_args
        floor = median(await _times(partial(solve, *asked.args, **asked.kwargs)))
        found.append(
            Measure(kind, median(times), best=min(times), floor=floor, floor_name="the solve alone", limit=150)
        )
    return found


async def _times(
    work: Callable[[], Awaitable[Any]], prepare: Callable[[], object] | None = None, repeat: int = 9
) -> list[float]:
    """Return times in ms, without a first warm-up. ``prepare`` runs before each call and is not counted."""
    times = []
    for _ in range(repeat + 1):
        if prepare is not None:
            prepare()
        start = time.perf_counter()
        await work()
        times.append((time.perf_counter() - start) * 1000)
    return times[1:]


def _install(prefix: Path, records: list[Any], requested: dict[str, str]) -> None:
    """Write the records and the history of an environment, but none of its files."""
    folder = prefix / "conda-meta"
    folder.mkdir(parents=True)
    for record in records:
        name = record.name.normalized
        files = [f"lib/python3.11/site-packages/{name}/module{number}.py" for number in range(_FILES)]
        paths = [{"_path": file, "path_type": "hardlink", "sha256": "0" * 64, "size_in_bytes": 1} for file in files]
        written = {
            **json.loads(record.to_json()),
            "files": files,
            "paths_data": {"paths_version": 1, "paths": paths},
        }
        (folder / f"{name}-{record.version}-{record.build}.json").write_text(json.dumps(written))
    history.append(prefix, "conda create", [], records, list(requested.values()), [])
