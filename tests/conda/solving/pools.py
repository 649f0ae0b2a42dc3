"""Make pools with the records of tiny channels."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.settings.channels import ChannelRef
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.conda.solving.candidates import Pool

from ...tiny_channel import TinyChannel


def load(*channels: TinyChannel, names: Iterable[str] | None = None, strict: bool = True) -> Pool:
    """Return a pool with the channels' records of these names (default: all)."""
    refs = tuple(ChannelRef(str(number), channel.index()) for number, channel in enumerate(channels))
    repodata = Repodata(CondaSettings(channels=refs, envs_dirs=(), pkgs_dirs=()))
    pool = Pool(strict=strict)
    wanted = list(names) if names is not None else asyncio.run(repodata.names())
    pool.add(wanted, asyncio.run(repodata.records(wanted)))
    return pool
