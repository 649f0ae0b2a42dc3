"""Verify that the packages of a lock are still available: applying a lock does not query the channels first."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from ..conda.prefix.records import names_of
from ..errors import ChannelUnreachable
from ..models import Advice
from ..sentences import listing

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..conda.repodata.repodata import Repodata


async def missing(records: Sequence[RepoDataRecord], repodata: Repodata) -> list[Advice]:
    """Return a warning that names the ``records`` that no channel offers now.

    The caller leaves out the records that are in the package cache.
    """
    local = [record for record in records if urlsplit(record.url).scheme == "file"]
    remote = [record for record in records if urlsplit(record.url).scheme != "file"]
    gone = [
        record for record, is_there in zip(local, await asyncio.to_thread(_exist, local), strict=True) if not is_there
    ]
    if remote:
        try:
            offered = {record.url for record in await repodata.records(names_of(remote))}
        except ChannelUnreachable:
            offered = set()
        # Cached repodata lists what a channel offered when it last answered; nothing can be downloaded from it now.
        gone += [record for record in remote if repodata.as_of is not None or record.url not in offered]
    if not gone:
        return []
    names = sorted(f"{record.name.normalized} {record.version}" for record in gone)
    return [
        Advice(
            "packages-missing",
            "warning",
            listing(
                "These packages are neither in the package cache nor in a reachable channel: "
                "{items}. The plan cannot be applied without them.",
                names,
            ),
        )
    ]


def _exist(records: Sequence[RepoDataRecord]) -> list[bool]:
    return [Path(url2pathname(urlsplit(record.url).path)).is_file() for record in records]
