"""Remember what our changes installed from a package index, beside conda's records.

``conda-meta/tfenv_lab/pypi.json`` holds what the user requested of the index, and the exact distributions that were
installed. pip and uv do not know this file, so it counts only as far as the environment still agrees with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field
from packaging.version import InvalidVersion, Version

from ... import serde
from ...disk import writes
from ...pypi.models import Distribution
from .pypi import PypiPackage, pypi_packages
from .revisions import FOLDER

FILE = f"{FOLDER}/pypi.json"


class _Stored(Struct, frozen=True):
    """The contents of the file."""

    requirements: dict[str, str] = field(default_factory=dict)
    distributions: tuple[Distribution, ...] = ()


class Managed(Struct, frozen=True):
    """The packages in an environment that do not come from conda.

    ``requirements`` is what the user requested of the index, by normalized project name, and ``distributions`` is what
    our changes installed. ``foreign`` are the packages that another program installed, such as pip in a terminal.
    """

    requirements: Mapping[str, str] = field(default_factory=dict)
    distributions: tuple[Distribution, ...] = ()
    foreign: tuple[PypiPackage, ...] = ()


def read(prefix: Path) -> Managed:
    """Return the packages of an environment that do not come from conda. An unreadable file counts as missing.

    A distribution that was removed, or replaced by another version, is no longer managed. A requirement lasts as long
    as its project is installed by anything but conda.
    """
    stored = _read(prefix)
    installed = pypi_packages(prefix)
    places = {package.name: package for package in installed}
    kept = tuple(
        each
        for each in stored.distributions
        if each.name in places and is_same_version(each.version, places[each.name].version)
    )
    managed = {each.name for each in kept}
    return Managed(
        {name: text for name, text in stored.requirements.items() if name in places},
        kept,
        tuple(package for package in installed if package.name not in managed),
    )


def _read(prefix: Path) -> _Stored:
    try:
        found: _Stored = serde.loads((prefix / FILE).read_bytes(), _Stored)
    except (OSError, serde.Unreadable):
        return _Stored()
    return found


def write(prefix: Path, requirements: Mapping[str, str], distributions: tuple[Distribution, ...]) -> None:
    """Write the file, or delete it if there is nothing to remember. Another prefix may have a hard link to it."""
    path = prefix / FILE
    if not requirements and not distributions:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    writes.replace(path, serde.dumps(_Stored(dict(requirements), distributions)))


def is_same_version(one: str, other: str) -> bool:
    """Return whether two texts are the same version. File names have ``_`` for ``-`` (PEP 427)."""
    try:
        return Version(one.replace("_", "-")) == Version(other.replace("_", "-"))
    except InvalidVersion:
        return one == other
