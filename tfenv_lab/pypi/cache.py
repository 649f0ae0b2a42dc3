"""Look into uv's cache: what needs no download, and whether environments can share its files."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from ..disk import paths
from . import installed
from .models import Distribution


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
    for place in cache.glob("wheels-v*"):
        for folder in (
            place / "pypi",
            *_children(place / "index"),
            *_children(place / "url"),
            *_children(place / "path"),
        ):
            found = folder / distribution.name / stem
            if found.exists():
                return found
    return None


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
