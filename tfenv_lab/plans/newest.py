"""Find which installed packages have a newer version on the channels or on the package index."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from ..conda.prefix.pypi import pypi_packages
from ..conda.prefix.records import package_names
from ..errors import TfenvError
from ..plan_requests import Source

if TYPE_CHECKING:
    from ..conda.repodata.repodata import Repodata
    from .package_search import PackageSearch

#: Maximum number of packages in one question.
MOST = 200


@dataclass(frozen=True)
class Newer:
    """The newest version of an installed package."""

    name: str
    version: str
    source: Source


class NewestVersions:
    """Service that compares installed versions with the newest ones. A source that does not answer has none."""

    def __init__(self, repodata: Repodata, search: PackageSearch) -> None:
        self._repodata, self._search = repodata, search

    async def of(self, prefix: Path, names: Collection[str]) -> Sequence[Newer]:
        """Return the newest versions of those of the named packages that have a newer one."""
        conda, pypi = await asyncio.to_thread(_installed, prefix, names)
        found = await asyncio.gather(self._on_channels(conda), self._on_index(pypi))
        return [newer for part in found for newer in part]

    async def _on_channels(self, installed: dict[str, str]) -> list[Newer]:
        from ..conda.solving.specs import newer
        from ..tensorflow.catalog.cells import is_prerelease

        if not installed:
            return []
        try:
            records = await self._repodata.records(sorted(installed))
        except TfenvError:
            return []
        newest: dict[str, Any] = {}
        for record in records:
            name = record.name.normalized
            if not is_prerelease(str(record.version)) and (name not in newest or record.version > newest[name]):
                newest[name] = record.version
        return [
            Newer(name, str(version), "conda")
            for name, version in newest.items()
            if newer(str(version), installed[name])
        ]

    async def _on_index(self, installed: dict[str, str]) -> list[Newer]:
        versions = await self._search.versions_of(installed) if installed else {}
        return [
            Newer(name, found[0], "pypi")
            for name, found in versions.items()
            if found and _is_newer(found[0], installed[name])
        ]


def _installed(prefix: Path, names: Collection[str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the versions of the named packages: conda's, and those of an index."""
    try:
        conda = {stem.name: stem.version for stem in package_names(prefix) if stem.name in names}
    except OSError:
        conda = {}
    return conda, {each.name: each.version for each in pypi_packages(prefix) if each.name in names}


def _is_newer(version: str, installed: str) -> bool:
    try:
        return Version(version) > Version(installed)
    except InvalidVersion:
        return False
