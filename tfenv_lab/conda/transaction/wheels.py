"""The part of a change that comes from a package index: which distributions come and leave, and their installation."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from ...errors import JobFailed
from ...pypi import installing
from ...pypi.models import Distribution, IndexSettings
from ..prefix import files as prefix_files
from ..prefix import pypi, wheels
from ..prefix.state import interpreter
from . import relocation

#: Directories whose scripts name the prefix.
_SCRIPTS = ("bin/", "Scripts/")


@dataclass(frozen=True)
class InstalledWheels:
    """The packages of a prefix that conda does not own: what our changes installed, and the files of each by name."""

    distributions: Sequence[Distribution] = ()
    files: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, prefix: Path, others: Collection[str] = (), damaged: Collection[str] = ()) -> InstalledWheels:
        """Read a prefix. ``others`` are projects that pip or uv installed, and whose files are needed, too.

        The ``damaged`` projects only have files, so they count as not installed.
        """
        managed = wheels.read(prefix)
        names = {each.name for each in managed.distributions}.union(others)
        found = pypi.pypi_packages(prefix) if names else []
        files = {each.name: installing.files(prefix, each.dist_info) for each in found if each.name in names}
        return cls([each for each in managed.distributions if each.name not in damaged], files)

    def files_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the files of these projects, as paths inside the prefix."""
        return frozenset[str]().union(*(self.files.get(name, ()) for name in names))

    @property
    def all_files(self) -> frozenset[str]:
        return self.files_of(self.files)


def coming(before: InstalledWheels, after: Sequence[Distribution], anew: bool) -> list[Distribution]:
    """Return the distributions to install; all of them if ``anew``, because Python's minor version changes."""
    have = {(each.name, each.version, each.sha256 or each.url) for each in before.distributions}
    return [each for each in after if anew or (each.name, each.version, each.sha256 or each.url) not in have]


def install(
    staged: Path,
    prefix: Path,
    distributions: Sequence[Distribution],
    settings: IndexSettings,
    *,
    requested: Collection[str],
    repaired: Collection[str],
    owned: Mapping[str, str],
    on_line: Callable[[str], None],
) -> frozenset[str]:
    """Install distributions into the staged tree, which will be moved to ``prefix``; return their files.

    ``requested`` are the projects that the user requested, ``repaired`` those whose files were damaged, and ``owned``
    maps the files of conda packages to the packages' names. Raises JobFailed if a distribution would overwrite one of
    them, and what ``installing.install`` raises.
    """
    if not distributions:
        return frozenset()
    python = interpreter(staged)
    installing.install(python, distributions, settings, on_line)
    folder = pypi.site_packages(staged)
    if folder is None:
        raise JobFailed("The environment has no directory for Python packages.")
    infos = installing.dist_infos(folder, repaired)
    # A program that edits a file in an environment also edits the one in uv's cache, because they are hard links.
    again = [e for e in distributions if e.name in infos and not prefix_files.is_intact(staged, infos[e.name])]
    installing.forget([each.name for each in again], settings)
    installing.install(python, again, settings, on_line)
    infos = installing.dist_infos(folder, {each.name for each in distributions})
    found: dict[str, frozenset[str]] = {}
    for each in distributions:
        if each.name not in infos:
            raise JobFailed(f"uv did not install {each.name} {each.version}.")
        installing.set_requested(infos[each.name], each.name in requested)
        found[each.name] = installing.files(staged, infos[each.name])
        hit = next((path for path in sorted(found[each.name]) if path in owned), None)
        if hit is not None:
            raise JobFailed(
                f"The package {each.name} from the package index would overwrite {hit}, a file of conda's package "
                f"{owned[hit]}. Nothing was changed.",
                hint="Request the package from a channel, or remove conda's package first.",
            )
    files = frozenset[str]().union(*found.values())
    relocation.rewrite(staged, staged, prefix, scripts(files))
    return files


def scripts(files: Iterable[str]) -> list[str]:
    """Return the files among ``files`` that may name the prefix."""
    return sorted(path for path in files if path.startswith(_SCRIPTS))


def record(staged: Path, distributions: Sequence[Distribution], requirements: Mapping[str, str]) -> None:
    """Write down what the environment has from the index, with the dependencies that the packages declare."""
    installed = {package.name: package.dist_info for package in pypi.pypi_packages(staged)} if distributions else {}
    complete = tuple(
        replace(each, requires=installing.requires(installed[each.name])) if each.name in installed else each
        for each in distributions
    )
    wheels.write(staged, wheels.Managed(dict(requirements), complete))


def is_shared(staged: Path, files: Iterable[str]) -> bool:
    """Return whether uv linked the files, and did not copy them."""
    return any(os.stat(staged / path).st_nlink > 1 for path in list(files)[:20] if (staged / path).is_file())  # noqa: PTH116
