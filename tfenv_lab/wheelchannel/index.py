"""Index the channel and prove that what was asked for can be solved from it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from rattler import Channel, Gateway, VirtualPackage, solve
from rattler.exceptions import SolverError
from rattler.index import index_fs

from ..errors import JobFailed
from .depends import spec
from .request import BASE_PACKAGES, BuildRequest


async def write_index(channel: Path) -> None:
    """Write ``repodata.json``, its compressed form and its shards, as conda's channels serve them."""
    await index_fs(channel, write_zst=True, write_shards=True)


async def check(channel: Path, subdir: str, releases: Iterable[str], request: BuildRequest) -> None:
    """Solve an environment for each release (full version) with every package; raises JobFailed."""
    also = [*BASE_PACKAGES, *(spec(Requirement(text)) for text in request.packages)]
    for release in releases:
        try:
            await solve(
                [Channel(channel.as_uri())],
                [f"tensorflow =={release}", *also],
                gateway=Gateway(cache_dir=channel.with_name("gateway")),
                platforms=[subdir, "noarch"],  # type: ignore[list-item]
                virtual_packages=VirtualPackage.detect(),
            )
        except SolverError as error:
            message = (
                f"The built channel holds no whole environment for TensorFlow {release}; please report this."
            )
            raise JobFailed(message, str(error)) from error
