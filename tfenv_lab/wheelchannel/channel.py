"""The channel's directory: where it is, whether it is the one wanted, and how it is put there."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs
from filelock import FileLock, Timeout

from ..errors import InvalidRequest
from .request import BuildProgress, BuildRequest, Report, digest

MANIFEST = "wheelchannel.json"
"""At the channel's root: the recipe that it was built from, its digest, and what came of it."""


def cache() -> Path:
    """The user's cache of this tool: channels that were given no directory, and downloaded wheels."""
    return platformdirs.user_cache_path("tfenv_lab")


def place(request: BuildRequest, recipe: dict[str, object]) -> Path:
    """Return the directory that a request's channel has.

    In the cache each recipe has its own, so that two of them never take turns in one.
    """
    if request.directory:
        return request.directory.absolute()
    releases = "-".join(sorted(set(request.tensorflow)))
    return folder() / f"tensorflow-{releases}-{digest(recipe)[:8]}"


def is_built(directory: Path, recipe: dict[str, object]) -> bool:
    """Whether the channel of this recipe lies in ``directory``, whole."""
    try:
        manifest = json.loads((directory / MANIFEST).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    subdirs = ("noarch", str(recipe["subdir"]))
    whole = all((directory / subdir / "repodata.json").is_file() for subdir in subdirs)
    return whole and bool(manifest.get("digest") == digest(recipe))


def refuse_foreign(directory: Path) -> None:
    """Raise InvalidRequest where ``directory`` holds something that this tool did not put there."""
    if not directory.exists():
        return
    if not directory.is_dir() or (any(directory.iterdir()) and not (directory / MANIFEST).is_file()):
        raise InvalidRequest(f"{directory} is not a channel of this tool.", hint="Give a new or an empty directory.")


@contextmanager
def locked(path: Path, report: Report) -> Iterator[None]:
    """Hold the lock file ``path``, waiting while another build does; a process that ends frees it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(blocking=False)
    except Timeout:
        report(BuildProgress("wait", "another build is at work on this; waiting for it"))
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@contextmanager
def building(directory: Path) -> Iterator[Path]:
    """Give a directory beside ``directory`` to build in, on the same file system; it is gone afterwards.

    Only under the channel's lock: what an ended build left behind is removed first.
    """
    beside = directory.with_name(f"{directory.name}.building")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        yield beside
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def folder() -> Path:
    """Return where the channels lie that were given no directory."""
    return cache() / "channel"


def discard_unfinished() -> None:
    """Remove what builds in ``folder`` that were killed left behind; those at work are left alone."""
    for beside in folder().glob("*.building"):
        try:
            with FileLock(beside.with_suffix(".lock"), blocking=False):
                shutil.rmtree(beside, ignore_errors=True)
        except Timeout:
            continue


def publish(built: Path, directory: Path, recipe: dict[str, object], result: dict[str, Any]) -> None:
    """Write the manifest and move the built channel to its place: one rename, two where another was there."""
    manifest = {"digest": digest(recipe), **recipe, **result}
    (built / MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")
    if directory.exists():
        former = built.with_name("former")
        directory.rename(former)
    built.rename(directory)
