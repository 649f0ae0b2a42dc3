"""Build a channel: choose an interpreter, then resolve, download, repack, index, check and publish."""

from __future__ import annotations

import asyncio
import errno
import threading
from pathlib import Path

from ..errors import JobFailed, NoSpace
from .channel import building, is_built, locked, place, publish, refuse_foreign
from .choice import choose, first
from .packing import Packing
from .request import BuildProgress, BuildRequest, Report


def build(request: BuildRequest, report: Report = lambda progress: None) -> Path:
    """Build the channel of ``request``, unless it exists, and return its directory.

    This blocks until the channel is complete, so call it in a separate thread or process. Any number of builds may run
    at once. If the directory holds the channel of another recipe, it is replaced as a whole at the end. Raises
    JobFailed, ChannelUnreachable (the package index), NoSpace, or InvalidRequest if the directory holds anything else.
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
            message = f"{directory.parent} is full. Building a channel with two releases needs about 2 GB there."
            raise NoSpace(message, str(error)) from error
        raise JobFailed(f"Building the channel at {directory} failed: {error}", str(error)) from error
    return directory


def _build(request: BuildRequest, recipe: dict[str, object], directory: Path, work: Path, report: Report) -> None:
    interpreter, resolutions = choose(request, work / "resolve", report)
    channel = work / "channel"
    packages = Packing(interpreter, channel, work, report).run(resolutions)

    # Import the engine only here: an existing channel is found without it.
    from .index import check, write_index

    report(BuildProgress("index", f"{len(packages)} packages"))
    asyncio.run(write_index(channel, packages))
    releases = sorted(package.version for package in packages if package.name == "tensorflow")
    for release in releases:
        report(BuildProgress("check", f"solving an environment with TensorFlow {release}"))
    asyncio.run(check(channel, interpreter.subdir, releases, request))
    python = {"version": interpreter.version, "executable": str(interpreter.executable)}
    publish(channel, directory, recipe, {"interpreter": python, "releases": releases})


def _in_turn(report: Report) -> Report:
    lock = threading.Lock()

    def one(progress: BuildProgress) -> None:
        with lock:
            report(progress)

    return one
