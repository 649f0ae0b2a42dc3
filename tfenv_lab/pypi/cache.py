"""Look into uv's cache: what needs no download, and whether environments can share its files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from ..disk import paths
from . import installed
from .models import Distribution

#: Beginning of the names of the directories with unpacked wheels, to which uv's other directories link.
ARCHIVES = "archive-v"
#: Endings of the files with which uv finds an unpacked wheel.
_POINTERS = ("", ".rev", ".http", ".msgpack")


class CachedWheel(NamedTuple):
    """An unpacked wheel in uv's cache. ``pointer`` is the link to it, by which uv finds it."""

    name: str
    version: str
    pointer: Path
    archive: Path


def directory(variables: Mapping[str, str], environ: Mapping[str, str] = os.environ) -> Path:
    """Return the directory of uv's cache, as uv finds it (uv's documentation, "Caching").

    ``variables`` are those of the settings, with which uv is run in ``environ``.
    """
    variables = {**{name: value for name, value in environ.items() if not name.startswith("UV_")}, **variables}
    if variables.get("UV_CACHE_DIR"):
        return paths.as_written(variables["UV_CACHE_DIR"])
    if sys.platform == "win32":
        return Path(variables.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "uv" / "cache"
    base = variables.get("XDG_CACHE_HOME")
    return (Path(base) if base and Path(base).is_absolute() else Path.home() / ".cache") / "uv"


def unpacked(distribution: Distribution, cache: Path) -> Path | None:
    """Return the directory of an unpacked wheel in uv's cache, or None if it has to be downloaded or built.

    uv's layout is not documented, so an unknown one only makes a plan expect too large a download: below
    ``wheels-v<number>/`` there is a directory for each index or URL, and in it ``<name>/<version>-<tag>``.
    """
    if not distribution.is_wheel:
        return None
    stem = "-".join(distribution.filename.removesuffix(".whl").split("-")[1:])
    found = (folder / distribution.name / stem for folder in _sources(cache))
    return next((path for path in found if path.exists()), None)


def wheels(cache: Path) -> Iterator[CachedWheel]:
    """Yield the unpacked wheels in uv's cache that uv downloaded, as far as they are links."""
    for folder in _sources(cache):
        for project in _children(folder):
            for pointer in _children(project):
                if pointer.is_symlink():
                    version = pointer.name.partition("-")[0]
                    yield CachedWheel(project.name, version, pointer, project / pointer.readlink())


def built(cache: Path) -> Iterator[str]:
    """Yield the real paths of the unpacked wheels that uv built from source, or uses in other ways."""
    for top in _children(cache):
        if not top.name.startswith(("wheels-v", ARCHIVES)):
            for folder, folders, _ in os.walk(top):
                for name in folders:
                    path = Path(folder, name)
                    if path.is_symlink():
                        yield os.path.realpath(path)


def forget(wheel: CachedWheel) -> None:
    """Delete what makes uv find an unpacked wheel, so that ``uv cache prune`` deletes the wheel."""
    for ending in _POINTERS:
        wheel.pointer.with_name(wheel.pointer.name + ending).unlink(missing_ok=True)


def _sources(cache: Path) -> Iterator[Path]:
    """Yield the directories with the projects of each index, or of what else wheels come from."""
    for place in cache.glob("wheels-v*"):
        yield place / "pypi"
        for kind in ("index", "url", "path"):
            yield from _children(place / kind)


def unpacked_size(distribution: Distribution, cache: Path) -> int | None:
    """Return the bytes of the files of a wheel that is in uv's cache, or None if it is not."""
    place = unpacked(distribution, cache)
    infos = installed.dist_infos(place).values() if place is not None else ()
    return next((installed.size(info) for info in infos), None)


def _children(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return [Path(entry.path) for entry in entries]
    except OSError:
        return []
