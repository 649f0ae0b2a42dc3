"""The state of each channel's data: whether they are current, cached, or could not be loaded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from urllib.request import url2pathname

from rattler import Channel, Subdir

from ...disk.reads import BoundedReads
from ...errors import ChannelUnreachable, TfenvError
from ...sentences import say

if TYPE_CHECKING:
    from ..settings.channels import ChannelRef
    from ..settings.condarc import CondaSettings

_FILES = ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst")


@dataclass
class LoadedChannel:
    """One channel and the state of its repodata."""

    ref: ChannelRef
    #: The channel as rattler's object.
    rattler_channel: Channel
    #: The directory of a ``file://`` channel, None for a remote one.
    root: Path | None
    #: For a ``file://`` channel: the signature of its repodata files when they were loaded.
    signature: tuple[object, ...] | None = None
    #: For a remote channel: the monotonic time at which it is asked again.
    due: float = 0.0
    #: Age of the cached repodata that is used because the channel does not answer; None while it answers.
    cached_from: datetime | None = None
    error: TfenvError | None = None

    def forget(self) -> None:
        """Forget the state of the data, so that the channel is asked again."""
        self.signature, self.due, self.cached_from, self.error = None, 0.0, None, None

    async def is_stale(self, subdirs: Sequence[Subdir]) -> bool:
        """Return whether to load the data again. Set ``error`` if the drive of a local channel does not answer."""
        if self.root is None:
            return time.monotonic() >= self.due
        before = self.signature
        key = (self.root, tuple(map(str, subdirs)))
        found = (await _signatures.gather([key]))[key]
        if not isinstance(found, tuple):
            message = say("The channel “{name}” cannot be reached.", name=self.ref.name)
            self.signature = None
            self.error = ChannelUnreachable(message, str(found or say("Its drive does not answer.")))
            return False
        self.signature = found
        return self.signature != before or self.error is not None


def _local_root(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def loaded_channels(settings: CondaSettings) -> list[LoadedChannel]:
    """Return the configured channels, in order of priority. None of their data are loaded yet."""
    return [LoadedChannel(ref, Channel(ref.url), _local_root(ref.url)) for ref in settings.channels]


def _signature(place: tuple[Path, tuple[str, ...]]) -> tuple[object, ...]:
    """Return a value that changes when the repodata files are rewritten, for a channel's directory and its subdirs."""
    root, subdirs = place
    found: list[object] = []
    for subdir in subdirs:
        for name in _FILES:
            try:
                status = (root / subdir / name).stat()
            except OSError:
                continue
            found.append((subdir, name, status.st_ino, status.st_size, status.st_mtime_ns))
    return tuple(found)


_signatures = BoundedReads(_signature)


def modified(path: Path) -> datetime | None:
    """Return the modification time of a file, or None if there is none."""
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    except OSError:
        return None
