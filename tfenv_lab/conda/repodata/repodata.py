"""Query the channels' data through one shared gateway, keep it fresh, and report unreachable channels."""

from __future__ import annotations

import asyncio
import heapq
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

import platformdirs
from rattler import Channel, Gateway, MatchSpec, RepoDataRecord, SourceConfig, Subdir
from rattler.exceptions import GatewayError

from ...disk.reads import BoundedReads
from ...errors import ChannelUnreachable
from ..machine.virtual_packages import current_subdir
from ..settings.condarc import require_permitted
from ..settings.network import client, redact
from .names import NameIndex

if TYPE_CHECKING:
    from rattler.version import VersionWithSource

    from ..settings.channels import ChannelRef
    from ..settings.condarc import CondaSettings

#: Seconds until a remote channel is asked again whether its repodata changed.
TTL = 600.0
#: Seconds until a remote channel that did not answer is tried again.
RETRY = 60.0
#: Seconds that a remote channel may take to answer; the download continues, and a later attempt can use it.
PATIENCE = 30.0
#: Retries of a failed request. There are few, because a user is waiting and cached data can be used instead.
_RETRIES = 1
#: Maximum number of versions listed for one package.
MAX_VERSIONS = 20
#: Packages whose versions are remembered between keystrokes.
_MAX_REMEMBERED = 2000
#: A name that no channel has: a query for it loads a channel's index and returns nothing.
_PROBE = "tfenv-lab-probe"
#: Maximum number of parallel queries, and the number of packages for which one more query is worth it.
_QUERIES, _MANY = 4, 50
_FILES = ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst")


@dataclass
class _Source:
    """One channel and the state of its repodata."""

    ref: ChannelRef
    channel: Channel
    #: The directory of a ``file://`` channel, None for a remote one.
    root: Path | None
    #: For a ``file://`` channel: the signature of its repodata files when they were loaded.
    signature: tuple[object, ...] | None = None
    #: For a remote channel: the monotonic time at which it is asked again.
    due: float = 0.0
    #: Age of the cached repodata that is used because the channel does not answer; None while it answers.
    cached_from: datetime | None = None
    error: ChannelUnreachable | None = None


def _local_root(url: str) -> Path | None:
    parts = urlsplit(url)
    return Path(url2pathname(parts.path)) if parts.scheme == "file" else None


def _sources(settings: CondaSettings) -> list[_Source]:
    return [_Source(ref, Channel(ref.url), _local_root(ref.url)) for ref in settings.channels]


class Repodata:
    """The repodata of the configured channels for one platform and ``noarch``.

    Every query can raise ChannelUnreachable, which names the channel. A remote channel is asked again after ``TTL``
    seconds; a ``file://`` channel is loaded again when its files change. If a remote channel does not answer, or with
    ``settings.offline``, its data come from the user's cache, and ``as_of`` returns their age.
    """

    def __init__(self, settings: CondaSettings, subdir: str | None = None, cache_dir: Path | None = None) -> None:
        """Prepare queries. ``cache_dir`` keeps remote repodata between processes (default: the user's cache)."""
        self.settings = settings
        self.subdir = subdir or current_subdir()
        self.subdirs = [Subdir(self.subdir), Subdir("noarch")]
        self.cache_dir = cache_dir or Path(platformdirs.user_cache_dir("tfenv_lab")) / "repodata"
        self._sources = _sources(settings)
        #: Number that increases whenever the channel data may have changed; a cache key for values derived from it.
        self.generation = 0
        self._lock = asyncio.Lock()
        self._gateway: Gateway | None = None
        self._index: tuple[int, NameIndex] = (-1, NameIndex(()))
        self._versions: tuple[int, dict[str, list[str]]] = (-1, {})

    @property
    def channels(self) -> list[Channel]:
        """The channels in order of priority, as rattler objects."""
        return [source.channel for source in self._sources]

    @property
    def gateway(self) -> Gateway:
        """The shared gateway. Call ``await refresh()`` before a solve to make it current."""
        if self._gateway is None:
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            cached = SourceConfig(cache_action="force-cache-only")
            self._gateway = Gateway(
                cache_dir=self.cache_dir,
                client=client(self.settings, retries=_RETRIES),
                per_channel_config={
                    source.ref.url: cached
                    for source in self._sources
                    if source.root is None and (self.settings.offline or source.cached_from)
                },
            )
        return self._gateway

    @property
    def as_of(self) -> datetime | None:
        """Time at which the oldest cached repodata in use was fetched; None if every channel is current."""
        return min((source.cached_from for source in self._sources if source.cached_from), default=None)

    def clear(self) -> None:
        """Forget all loaded data; the next query asks every channel."""
        self._gateway = None
        self.generation += 1
        for source in self._sources:
            source.signature, source.due, source.cached_from, source.error = None, 0.0, None, None

    async def use(self, settings: CondaSettings) -> None:
        """Switch to other settings, and so to other channels; no data of the previous channels are kept."""
        async with self._lock:
            self.settings = settings
            self._sources = _sources(settings)
            self.clear()

    async def refresh(self) -> None:
        """Load every channel and make it current; raise ChannelUnreachable for the first one that fails.

        Raises ChannelNotAllowed, before it asks any channel, if condarc forbids one of them.
        """
        require_permitted((source.ref for source in self._sources), self.settings)
        async with self._lock:
            stale = [source for source in self._sources if await self._is_stale(source)]
            if stale:
                await self._reload(stale)
        failed = next((source.error for source in self._sources if source.error), None)
        if failed is not None:
            warning = self.settings.channel_warning
            hint = f"Correct conda's configuration first. {warning}" if warning else None
            raise ChannelUnreachable(failed.message, failed.details, hint)

    async def records(self, names: Iterable[str]) -> list[RepoDataRecord]:
        """Return all records of these packages, in the channels' order, without their dependencies.

        The packages are given by names or specs.
        """
        await self.refresh()
        # rattler reads a string by its strict grammar, which refuses builds with a period or a plus sign.
        wanted = [MatchSpec(name, strict=False) for name in names]
        # Much of a query runs in a single thread, so many packages are split into several parallel queries.
        parts = min(_QUERIES, 1 + len(wanted) // _MANY)
        queries = (
            self.gateway.query(self.channels, self.subdirs, wanted[part::parts], recursive=False)
            for part in range(parts)
        )
        try:
            found = await asyncio.gather(*queries)
        except GatewayError as error:
            raise self.unreachable(error) from error
        return [record for lists in found for records in lists for record in records]

    async def names(self) -> list[str]:
        """Return the names of all packages, sorted."""
        return (await self._names()).names

    async def search(self, query: str, limit: int = 20) -> list[dict[str, Any]]:
        """Return ``[{name, versions}]`` for the packages whose names contain ``query``, best match first.

        ``versions`` has at most MAX_VERSIONS, newest first.
        """
        found = (await self._names()).search(query, limit)
        generation, versions = self._versions
        if generation != self.generation or len(versions) > _MAX_REMEMBERED:
            versions = {}
            self._versions = (self.generation, versions)
        unknown = [name for name in found if name not in versions]
        if unknown:
            records: dict[str, dict[str, VersionWithSource]] = {name: {} for name in unknown}
            for record in await self.records(unknown):
                records[record.name.normalized][str(record.version)] = record.version
            for name, known in records.items():
                newest = heapq.nlargest(MAX_VERSIONS, known.values())
                versions[name] = [str(version) for version in newest]
        return [{"name": name, "versions": versions[name]} for name in found]

    async def _names(self) -> NameIndex:
        await self.refresh()
        generation, index = self._index
        if generation != self.generation:
            generation = self.generation
            try:
                found = await self.gateway.names(self.channels, self.subdirs)
            except GatewayError as error:
                raise self.unreachable(error) from error
            index = await asyncio.to_thread(NameIndex, (name.normalized for name in found))
            self._index = (generation, index)
        return index

    def unreachable(self, error: Exception) -> ChannelUnreachable:
        """Return the domain error for a gateway error. It names the channel and contains no credentials."""
        text = str(error)
        ref = next((source.ref for source in self._sources if source.ref.url in text), None)
        if ref is None and len(self._sources) == 1:
            ref = self._sources[0].ref
        subject = f"The channel “{ref.name}”" if ref else "A channel"
        return ChannelUnreachable(f"{subject} cannot be reached.", redact(text))

    async def _is_stale(self, source: _Source) -> bool:
        if source.root is None:
            return time.monotonic() >= source.due
        before = source.signature
        key = (source.root, tuple(map(str, self.subdirs)))
        found = (await _signatures.gather([key]))[key]
        if not isinstance(found, tuple):
            source.signature, source.error = (
                None,
                ChannelUnreachable(
                    f"The channel “{source.ref.name}” cannot be reached.", str(found or "Its drive does not answer.")
                ),
            )
            return False
        source.signature = found
        return source.signature != before or source.error is not None

    async def _reload(self, stale: list[_Source]) -> None:
        standing_in = {id(source) for source in self._sources if source.cached_from}
        if standing_in:
            # This gateway is configured never to ask these channels.
            self._gateway = None
        for source in stale:
            source.cached_from = None
        for source in stale:
            # Clear the cache before anything reads it. The gateway maps local files into memory, and reading a
            # part that has been cut off since kills the process.
            self.gateway.clear_repodata_cache(source.channel)
        await asyncio.gather(*map(self._probe, stale))
        remote = [source for source in stale if source.root is None]
        for source in remote:
            stamp = self._stamp(source)
            source.due = time.monotonic() + (RETRY if source.error and not self.settings.offline else TTL)
            if self.settings.offline or source.error is not None:
                source.cached_from = await asyncio.to_thread(_modified, stamp)
            else:
                await asyncio.to_thread(stamp.touch)
        failed = [source for source in remote if source.error and source.cached_from]
        if failed and not self.settings.offline:
            self._gateway = None
            await asyncio.gather(*map(self._probe, failed))
        # If cached data is still used for all these channels, nothing has changed.
        if not all(id(source) in standing_in and source.cached_from for source in stale):
            self.generation += 1

    def _stamp(self, source: _Source) -> Path:
        """Return the file whose modification time is that of a remote channel's last answer."""
        return self.cache_dir / f"{sha256(source.ref.url.encode()).hexdigest()[:16]}.fetched"

    async def _probe(self, source: _Source) -> None:
        """Load one channel's index, and set ``source.error`` if that fails."""
        query = self.gateway.query([source.channel], self.subdirs, [_PROBE], recursive=False)
        subject = f"The channel “{source.ref.name}”"
        try:
            await asyncio.wait_for(query, PATIENCE)
        except GatewayError as error:
            source.error = ChannelUnreachable(f"{subject} cannot be reached.", redact(str(error)))
        except asyncio.TimeoutError:
            source.error = ChannelUnreachable(f"{subject} did not answer within {PATIENCE:.0f} seconds.")
        else:
            source.error = None


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


def _modified(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, timezone.utc)
    except OSError:
        return None
