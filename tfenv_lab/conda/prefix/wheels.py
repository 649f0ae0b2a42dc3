"""Remember what an environment has from a package index, beside conda's records.

``conda-meta/tfenv_lab/pypi.json`` holds what the user requested of an index, and the exact distributions that a change
of ours installed. pip and uv do not know the file, so it counts only as far as the installed packages still agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct, field

from ... import serde
from ...disk import writes
from ...pypi.models import Distribution
from ...pypi.requirements import is_same_version, satisfied
from .pypi import pypi_packages
from .revisions import FOLDER

_FILE = f"{FOLDER}/pypi.json"


class Managed(Struct, frozen=True):
    """The packages that changes of ours installed from an index; ``requirements`` are the requested ones by project."""

    requirements: Mapping[str, str] = field(default_factory=dict)
    distributions: tuple[Distribution, ...] = ()


def read(prefix: Path) -> Managed:
    """Return what is still installed of what our changes installed. An unreadable file counts as empty."""
    stored = stored_in(prefix)
    if not stored.distributions:
        return Managed()
    versions = {package.name: package.version for package in pypi_packages(prefix)}
    kept = tuple(each for each in stored.distributions if is_same_version(each.version, versions.get(each.name, "")))
    names = {each.name for each in kept}
    return Managed({name: text for name, text in stored.requirements.items() if name in names}, kept)


def left_to_others(prefix: Path) -> dict[str, str]:
    """Return the requirements, by project, of packages that another program has replaced by a version that meets them.

    They hold again as soon as a change of ours installs such a package.
    """
    stored = stored_in(prefix)
    if not stored.requirements:
        return {}
    versions = {package.name: package.version for package in pypi_packages(prefix)}
    ours = {each.name for each in stored.distributions if is_same_version(each.version, versions.get(each.name, ""))}
    return {
        name: text
        for name, text in stored.requirements.items()
        if name in versions and name not in ours and satisfied(text, versions[name])
    }


def stored_in(prefix: Path) -> Managed:
    """Return what the file of a prefix says, whatever is installed now."""
    try:
        found: Managed = serde.loads((prefix / _FILE).read_bytes(), Managed)
    except (OSError, serde.Unreadable):
        return Managed()
    return found


def write(prefix: Path, managed: Managed) -> None:
    """Write the file, or delete it if there is nothing to remember."""
    path = prefix / _FILE
    if not managed.distributions and not managed.requirements:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    # The prefix may share its files with a copy, so the file is replaced and never changed.
    writes.replace(path, serde.dumps(managed))
