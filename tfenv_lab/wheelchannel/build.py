"""Build the channel: choose an interpreter, resolve, download, repack, index, check, publish."""

from __future__ import annotations

import asyncio
import errno
import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

from ..errors import JobFailed, NoSpace
from .channel import building, cache, is_built, locked, place, publish, refuse_foreign
from .choice import choose, first
from .depends import Dependencies
from .interpreter import Interpreter
from .package import Package
from .pip import PipFailed
from .python import pack_python
from .repack import repack
from .request import BuildRequest, Progress, Report
from .resolve import Resolution, download
from .wheel import Wheel


def build(request: BuildRequest, report: Report = lambda progress: None) -> Path:
    """Return the directory of the channel for ``request``, building it unless it is there already.

    Blocks for as long as it takes, so call it from a thread or process of its own; any number may run
    at once. A directory that holds another recipe's channel is replaced as a whole, at the end. Raises
    JobFailed, ChannelUnreachable (the package index), NoSpace, or InvalidRequest where the directory
    holds something else.
    """
    start = first(request)
    recipe = request.recipe(start.version, start.subdir)
    directory = place(request, recipe)
    if is_built(directory, recipe):
        return directory
    refuse_foreign(directory)
    report = _in_turn(report)
    try:
        with locked(directory.with_name(f"{directory.name}.lock"), report):
            if not is_built(directory, recipe):
                with building(directory) as work:
                    _build(request, recipe, directory, work, report)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            message = (
                f"{directory.parent} is full; building a channel of two releases takes about 4 GB there."
            )
            raise NoSpace(message, str(error)) from error
        raise JobFailed(f"Building the channel at {directory} failed: {error}", str(error)) from error
    return directory


def _build(
    request: BuildRequest, recipe: dict[str, object], directory: Path, work: Path, report: Report
) -> None:
    interpreter, resolutions = choose(request, work / "resolve", report)
    wheels = _fetch(interpreter, resolutions, cache() / "wheels", report)
    channel = work / "channel"
    packages = _repack_all(interpreter, resolutions, wheels, channel, work, report)

    # The engine is needed only here: a channel that exists is found without it.
    from .index import check, write_index

    report(Progress("index", f"{len(packages)} packages"))
    asyncio.run(write_index(channel))
    releases = sorted(package.version for package in packages if package.name == "tensorflow")
    for release in releases:
        report(Progress("check", f"an environment with TensorFlow {release} can be made"))
    asyncio.run(check(channel, interpreter.subdir, releases, request))
    python = {"version": interpreter.version, "executable": str(interpreter.executable)}
    publish(channel, directory, recipe, {"interpreter": python, "releases": releases})


def _in_turn(report: Report) -> Report:
    lock = threading.Lock()

    def one(progress: Progress) -> None:
        with lock:
            report(progress)

    return one


def _fetch(
    interpreter: Interpreter, resolutions: Sequence[Resolution], store: Path, report: Report
) -> dict[str, Path]:
    """Return file name -> file of every wheel; each release's own are downloaded at the same time."""

    def on_line(line: str) -> None:
        if line.startswith("Downloading "):
            name, _, size = line.removeprefix("Downloading ").partition(" (")
            report(Progress("download", f"{name.rsplit('/', 1)[-1]} {size.rstrip(')')}".strip()))

    shared: set[str] = set()
    parts = []
    for resolution in resolutions:
        parts.append([wheel for wheel in resolution.wheels if wheel.filename not in shared])
        shared |= {wheel.filename for wheel in resolution.wheels}
    files: dict[str, Path] = {}
    with locked(store / ".lock", report), ThreadPoolExecutor(max_workers=len(parts)) as pool:
        try:
            for found in pool.map(lambda part: download(interpreter, part, store, on_line), parts):
                files |= found
        except PipFailed as error:
            raise error.as_error("downloading wheels") from error
    return files


def _repack_all(
    interpreter: Interpreter,
    resolutions: Sequence[Resolution],
    files: dict[str, Path],
    channel: Path,
    work: Path,
    report: Report,
) -> list[Package]:
    """Pack every wheel once, and Python; as many at a time as there are cores, the largest first."""
    tasks: dict[str, Callable[[], list[Package]]] = {}
    opened = {name: Wheel(path) for name, path in files.items()}
    for resolution in resolutions:
        names = [wheel.filename for wheel in resolution.wheels]
        dependencies = Dependencies(resolution.environment, [opened[name] for name in names])
        for name in names:
            tasks.setdefault(name, _task(opened[name], dependencies, interpreter, channel, work / name))
    order = sorted(tasks, key=lambda name: files[name].stat().st_size, reverse=True)
    packages: list[Package] = []
    with ThreadPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
        running = [pool.submit(tasks[name]) for name in order[: len(resolutions)]]
        running.append(pool.submit(pack_python, interpreter, channel, work / "python"))
        running += [pool.submit(tasks[name]) for name in order[len(resolutions) :]]
        try:
            for number, future in enumerate(as_completed(running), 1):
                packages += future.result()
                done = f"{packages[-1].name} {packages[-1].version}"
                report(Progress("repack", done, number, len(running)))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return packages


def _task(
    wheel: Wheel, dependencies: Dependencies, interpreter: Interpreter, channel: Path, work: Path
) -> Callable[[], list[Package]]:
    def task() -> list[Package]:
        try:
            return repack(wheel, dependencies, interpreter, channel, work)
        except (ValueError, KeyError) as error:
            raise JobFailed(f"{wheel.path.name} cannot be repacked: {error}", str(error)) from error

    return task
