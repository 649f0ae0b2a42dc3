"""Find the environments that have a package."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..conda.prefix.pypi import site_packages, unowned
from ..conda.prefix.records import names_in, package_names
from ..plan_requests import Source
from ..pypi.names import normalize


@dataclass(frozen=True)
class FoundPackage:
    """A package that an environment has; ``environment`` is its id."""

    environment: str
    name: str
    version: str
    source: Source


def find(prefix: Path, identifier: str, name: str) -> Sequence[FoundPackage]:
    """Return what an environment has of a package, whose name may be written as conda or as an index writes it.

    Only file names are read, except for a package that pip may have installed.
    """
    wanted = normalize(name)
    try:
        stems = package_names(prefix)
    except OSError:
        stems = []
    found = [
        FoundPackage(identifier, stem.name, stem.version, "conda") for stem in stems if normalize(stem.name) == wanted
    ]
    python = next((stem.version for stem in stems if stem.name == "python"), None)
    folder = site_packages(prefix, python)
    if folder is None:
        return found
    others = unowned(str(prefix), str(folder), [entry for entry in names_in(folder) if _project(entry) == wanted])
    return [*found, *(FoundPackage(identifier, each.name, each.version, "pypi") for each in others)]


def _project(entry: str) -> str | None:
    written, dash, _ = entry.removesuffix(".dist-info").partition("-")
    return normalize(written) if dash and entry.endswith(".dist-info") else None
