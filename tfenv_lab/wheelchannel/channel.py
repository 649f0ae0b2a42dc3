"""Find, lock, validate and publish the directory of a channel."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import platformdirs
from filelock import Timeout

from .. import serde
from ..disk import locks
from ..errors import InvalidRequest
from ..sentences import say
from .request import BuildProgress, BuildRequest, Report, digest

#: A file at the top of the channel with its recipe, the digest of the recipe, and the packed interpreters.
MANIFEST = "wheelchannel.json"


def place(request: BuildRequest, recipe: dict[str, object]) -> Path:
    """Return the directory of a request's channel.

    In the cache each recipe has its own directory, so that two recipes never replace each other's channel.
    """
    if request.directory:
        return request.directory.absolute()
    return folder() / f"python-{digest(recipe)[:8]}"


def is_built(directory: Path, recipe: dict[str, object]) -> bool:
    """Return whether ``directory`` holds the complete channel of a recipe."""
    try:
        manifest = serde.parse((directory / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    subdirs = ("noarch", str(recipe["subdir"]))
    whole = all((directory / subdir / "repodata.json").is_file() for subdir in subdirs)
    return whole and bool(manifest.get("digest") == digest(recipe))


def refuse_foreign(directory: Path) -> None:
    """Raise InvalidRequest if ``directory`` is a file, or holds anything but a channel of this tool."""
    if not directory.exists():
        return
    if not directory.is_dir() or (any(directory.iterdir()) and not (directory / MANIFEST).is_file()):
        raise InvalidRequest(
            say("{directory} is not a channel of this tool.", directory=directory),
            hint=say("Name a new or an empty directory."),
        )


@contextmanager
def locked(path: Path, report: Report) -> Iterator[None]:
    """Hold the lock file ``path``, after waiting for other builds. The lock is free if its process ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        try:
            stack.enter_context(locks.hold(path, 0))
        except Timeout:
            report(BuildProgress("wait", say("waiting for another build")))
            stack.enter_context(locks.hold(path))
        yield


@contextmanager
def building(directory: Path) -> Iterator[Path]:
    """Provide a temporary directory next to ``directory``, on the same file system, to build in.

    The caller must hold the channel's lock, because leftovers of a killed build are deleted first.
    """
    unfinished = directory.with_name(f"{directory.name}.building")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        yield unfinished
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def folder() -> Path:
    """Return the directory of the channels that have no directory of their own."""
    return platformdirs.user_cache_path("tfenv_lab") / "channel"


def discard_unfinished() -> None:
    """Delete what killed builds left in ``folder``, but nothing of running builds."""
    for unfinished in folder().glob("*.building"):
        try:
            with locks.hold(unfinished.with_suffix(".lock"), 0):
                shutil.rmtree(unfinished, ignore_errors=True)
        except Timeout:
            continue


def publish(built: Path, directory: Path, recipe: dict[str, object], result: dict[str, Any]) -> None:
    """Write the manifest, and rename the built channel to ``directory``, after moving an older channel away."""
    manifest = {"digest": digest(recipe), **recipe, **result}
    (built / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    if directory.exists():
        former = built.with_name("former")
        directory.rename(former)
    built.rename(directory)
