"""Environments with real TensorFlow from a package index, compared with uv alone and with a copy of the tree."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import AsyncMock, patch

from tfenv_lab.conda.settings import network
from tfenv_lab.conda.solving import solve as solving
from tfenv_lab.conda.transaction.apply import apply
from tfenv_lab.errors import TfenvError
from tfenv_lab.plans.models import Plan
from tfenv_lab.pypi import uv
from tfenv_lab.pypi.models import IndexPolicy, IndexSettings
from tfenv_lab.pypi.settings import read
from tfenv_lab.services import Services
from tfenv_lab.settings import TfenvLab
from tfenv_lab.wheelchannel.build import build
from tfenv_lab.wheelchannel.request import BuildRequest

from .measure import Measure, Skipped
from .transactions import Silent, import_seconds

#: About 66 packages, as in a notebook's usual environment.
_PACKAGES = ["pandas", "matplotlib"]
#: A wheel without dependents that need a certain version, and two versions to update between.
_WHEEL, _OLDER, _NEWER = "idna", "3.9", "3.10"


def measures() -> Iterator[Measure]:
    """Yield times in seconds. Downloads TensorFlow, unless uv's cache has it."""
    folder = Path(tempfile.mkdtemp(prefix="tfenv-benchmark-"))
    store = subprocess.run([uv.binary(), "cache", "dir"], capture_output=True, text=True, check=True).stdout.strip()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONDA", "XDG_"))}
    # The cache of the user, because TensorFlow is large, and a home directory without environments.
    with patch.dict(os.environ, {**kept, "HOME": str(folder), "UV_CACHE_DIR": store}, clear=True):
        try:
            channel = build(BuildRequest((), folder / "channel")).as_uri()
            with patch.object(solving, "solve", wraps=solving.solve) as solve:
                yield from asyncio.run(_measures(Services(TfenvLab(channels=[channel])), folder, solve))
        except TfenvError as error:
            raise Skipped(error.message) from error
        finally:
            shutil.rmtree(folder, ignore_errors=True)


async def _measures(services: Services, folder: Path, solve: AsyncMock) -> list[Measure]:
    settings = await asyncio.to_thread(read, IndexPolicy())
    release = next((each for each in (await services.catalog.get()).releases if each.recommended), None)
    if release is None:
        raise Skipped("the package index has no TensorFlow for this machine")
    requested = {"kind": "create", "tensorflow": release.version, "packages": [*_PACKAGES, f"pypi:{_WHEEL}=={_OLDER}"]}

    async def plan(name: str) -> Plan:
        return await services.plans.create({**requested, "name": name})

    async def applied(plan: Plan) -> float:
        assert plan.change is not None
        start = time.perf_counter()
        await apply(
            plan.change,
            plan.id,
            package_cache=folder / "pkgs",
            bytecode_store=folder / "bytecode",
            client=network.client(services.conda),
            watcher=Silent(),
            index=settings,
        )
        return time.perf_counter() - start

    first = await plan("first")
    planned = await _best(partial(plan, "first"))
    asked = solve.call_args
    solved = await _best(partial(solve, *asked.args, **asked.kwargs))
    compiled = await _best(partial(_compile, first, settings, folder))
    await applied(first)
    created = min([await applied(await plan(f"warm{number}")) for number in range(3)])
    trees = [Path(first.prefix).parent / f"warm{number}" for number in range(3)]
    import_first = min(map(import_seconds, trees))
    import_later = min(map(import_seconds, trees))
    tree = trees[0]
    copy = min(_copy(tree, folder / f"copy{number}") for number in range(3))
    updates = []
    for number in range(3):
        environment = next(each for each in await services.environments.list() if each.name == f"warm{number}")
        specs = [f"pypi:{_WHEEL}=={_NEWER}"]
        updates.append(
            await applied(
                await services.plans.create({"kind": "install", "environment": environment.id, "specs": specs})
            )
        )
    count = len(first.entries)
    uv_and_conda = compiled + solved
    return [
        Measure(f"plan of {count} packages", planned, "s", uv_and_conda, "uv and the solve alone", 1.5 * uv_and_conda),
        Measure(f"create TensorFlow {release.version}, warm", created, "s", copy, "hard-link copy", 2 * copy + 1),
        Measure("first import after a create", import_first, "s", import_later, "a later one", 1.2 * import_later),
        Measure("update of one wheel, warm", min(updates), "s", copy, "hard-link copy", max(1.5, 2 * copy)),
    ]


async def _best(work: Callable[[], Awaitable[Any]], repeat: int = 3) -> float:
    """Return the shortest time of some in seconds, after a first one that is not counted."""
    times = []
    for _ in range(repeat + 1):
        start = time.perf_counter()
        await work()
        times.append(time.perf_counter() - start)
    return min(times[1:])


async def _compile(plan: Plan, settings: IndexSettings, folder: Path) -> None:
    """Resolve the packages that a plan takes from the index with uv, in a command line of a user."""
    assert plan.change is not None
    python = next(entry["to"]["version"] for entry in plan.entries if entry["name"] == "python" and entry["to"])
    texts = "\n".join(plan.change.requirements.values())
    command = [uv.binary(), "pip", "compile", "-", "--format", "pylock.toml", "--python-version", python, "--quiet"]
    await asyncio.to_thread(
        subprocess.run,
        [*command, "--output-file", str(folder / "pylock.uv.toml"), "--upgrade"],
        input=texts,
        text=True,
        check=True,
        capture_output=True,
        env={**os.environ, **uv.environment(settings)},
        cwd=folder,
    )


def _copy(tree: Path, target: Path) -> float:
    start = time.perf_counter()
    subprocess.run(["cp", "-al", tree, target], check=True)
    return time.perf_counter() - start
