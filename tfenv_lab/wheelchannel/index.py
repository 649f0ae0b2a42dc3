"""Index the channel, and verify that every packed Python can be solved from it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rattler import Channel, Gateway, VirtualPackage, solve
from rattler.exceptions import SolverError
from rattler.index import index_fs

from ..errors import JobFailed
from ..sentences import say
from .package import Package, hash_file


async def write_index(channel: Path, packages: Iterable[Package]) -> None:
    """Write ``repodata.json``, its compressed form and its shards, as conda channels serve them.

    The indexer keeps the records that it finds, and writes the other forms from them. If it had to read every package
    itself, it would take ten times as long.
    """
    subdirs: dict[str, dict[str, Any]] = {"noarch": {}}
    for package in packages:
        subdirs.setdefault(package.subdir, {})[f"{package.stem}.conda"] = _record(package, channel)
    for subdir, records in subdirs.items():
        repodata = {"info": {"subdir": subdir}, "packages": {}, "packages.conda": records, "repodata_version": 2}
        (channel / subdir / "repodata.json").write_text(json.dumps(repodata, sort_keys=True), "utf-8")
    await index_fs(channel, write_zst=True, write_shards=True)


def _record(package: Package, channel: Path) -> dict[str, Any]:
    path = channel / package.subdir / f"{package.stem}.conda"
    md5 = hash_file(path, "md5")
    return {**package.index(), "md5": md5, "sha256": hash_file(path), "size": path.stat().st_size}


async def check(channel: Path, subdir: str, wanted: Iterable[list[str]]) -> None:
    """Solve an environment for each list of specs. Raises JobFailed."""
    for specs in wanted:
        try:
            await solve(
                [Channel(channel.as_uri())],
                specs,
                gateway=Gateway(cache_dir=channel.with_name("gateway")),
                platforms=[subdir, "noarch"],  # type: ignore[list-item]
                virtual_packages=VirtualPackage.detect(),
            )
        except SolverError as error:
            message = say("The built channel lacks packages for an environment with {specs}.", specs=", ".join(specs))
            raise JobFailed(message, str(error), hint=say("Please report this.")) from error
