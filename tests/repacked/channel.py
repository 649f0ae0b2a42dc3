"""Build the channel: download the wheels, repack them next to this Python, and index the result."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import platformdirs

from tfenv_lab.wheelchannel.channel import building, is_built, locked, publish
from tfenv_lab.wheelchannel.index import check, write_index
from tfenv_lab.wheelchannel.interpreter import Interpreter, probe
from tfenv_lab.wheelchannel.python import pack_python
from tfenv_lab.wheelchannel.request import RECIPE, BuildProgress

from .wheel import TENSORFLOW, Wheel, repack

#: The releases of the channel, the older one first.
RELEASES = ("2.19", "2.20")
#: Packages of every environment, besides Python and TensorFlow.
BASE = ("pip", "ipykernel", "keras")


def _tell(progress: BuildProgress) -> None:
    print(f"{progress.phase}: {progress.message}", file=sys.stderr, flush=True)


def place(releases: Sequence[str] = RELEASES) -> Path:
    """Return the directory of the channel with these releases, which may not exist."""
    return platformdirs.user_cache_path("tfenv_lab") / "test-channel" / f"tensorflow-{'-'.join(releases)}"


def build(releases: Sequence[str] = RELEASES, base: Sequence[str] = BASE) -> Path:
    """Build the channel, unless it exists, and return its directory."""
    interpreter = probe(Path(sys.executable))
    recipe: dict[str, object] = {
        "recipe": RECIPE,
        "releases": [*releases],
        "base": [*base],
        "python": interpreter.version,
        "subdir": interpreter.subdir,
    }
    directory = place(releases)
    with locked(directory.with_name(f"{directory.name}.lock"), _tell):
        if not is_built(directory, recipe):
            with building(directory) as work:
                _build(interpreter, releases, base, work)
                publish(work / "channel", directory, recipe, {})
    return directory


def _build(interpreter: Interpreter, releases: Sequence[str], base: Sequence[str], work: Path) -> None:
    wheels: dict[str, Path] = {}
    for release in releases:
        _tell(BuildProgress("download", f"TensorFlow {release}"))
        for path in _download(f"{TENSORFLOW}=={release}.*", *base):
            wheels.setdefault(path.name, path)
    # The largest first, so that the build does not end with one long task.
    order = sorted(wheels.values(), key=lambda path: path.stat().st_size, reverse=True)
    channel = work / "channel"
    _tell(BuildProgress("pack", f"{interpreter} and {len(order)} wheels"))
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        python = pool.submit(pack_python, interpreter, channel, work / "python")
        packed = list(pool.map(lambda path: repack(Wheel(path), interpreter, channel, work / path.name), order))
    packages = [*python.result(), *(package for each in packed for package in each)]
    asyncio.run(write_index(channel, packages))
    asyncio.run(check(channel, interpreter.subdir, [[f"tensorflow {release}.*", *base] for release in releases]))


def _download(*requirements: str) -> list[Path]:
    """Download the wheels of requirements with everything they need, and return them. Each set has its own directory.

    pip's own cache keeps the files that two sets share from being downloaded twice.
    """
    name = requirements[0].translate(str.maketrans("=*", "_x"))
    store = platformdirs.user_cache_path("tfenv_lab") / "test-wheels" / name
    flags = ["-qq", "--only-binary=:all:", "--dest", str(store)]
    subprocess.run([sys.executable, "-m", "pip", "download", *flags, *requirements], check=True)
    return sorted(store.glob("*.whl"))
