"""Query the channels' data through one shared gateway, keep it fresh, and report unreachable channels."""

from __future__ import annotations

import asyncio
import heapq
import re
import time
from collections.abc import Awaitable, Iterable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import platformdirs
from rattler import Channel, Gateway, MatchSpec, RepoDataRecord, SourceConfig, Subdir
from rattler.exceptions import GatewayError, InvalidMatchSpecError

from ...disk import faults
from ...errors import ChannelUnreachable, InvalidSpec, TfenvError, UnusableDirectory
from ...postponement import REMEMBERED, busy_url, hint
from ...sentences import redact, say
from ..machine.virtual_packages import current_subdir
from ..settings.busy import wait_of
from ..settings.condarc import require_permitted
from ..settings.network import client
from . import waiting
from .loaded_channel import LoadedChannel, loaded_channels, modified
from .names import NameIndex

if TYPE_CHECKING:
    from rattler.version import VersionWithSource

    from ..settings.condarc import CondaSettings

_Result = TypeVar("_Result")

#: Seconds until a remote channel is asked again whether its repodata changed.
TTL = 600.0
#: Seconds until a remote channel that did not answer is tried again.
RETRY = 60.0
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

#: What rattler says of an index that has arrived but cannot be read.
_BROKEN = re.compile(
    r"failed to parse|failed to extract repodata|failed to decode|frame descriptor|invalid type|checksum"
    r"|Caused by: expected|Caused by: EOF",
)


class Repodata:
    """The repodata of the configured channels for one platform and ``noarch``.

    Every query can raise ChannelUnreachable, which names the channel, and UnusableDirectory or NoSpace, which name the
    cache. A remote channel is asked again after ``TTL``
    seconds; a ``file://`` channel is loaded again when its files change. If a remote channel does not answer, or with
    ``settings.offline``, its data come from the user's cache, and ``as_of`` returns their age.
    """

    def __init__(self, settings: CondaSettings, subdir: str | None = None, cache_dir: Path | None = None) -> None:
        """Prepare queries. ``cache_dir`` keeps remote repodata between processes (default: the user's cache)."""
        self.settings = settings
        self.subdir = subdir or current_subdir()
        self.subdirs = [Subdir(self.subdir), Subdir("noarch")]
        self.cache_dir = cache_dir or Path(platformdirs.user_cache_dir("tfenv_lab")) / "repodata"
        self._loaded = loaded_channels(settings)
        #: Number that increases whenever the channel data may have changed; a cache key for values derived from it.
        self.generation = 0
        self._lock = asyncio.Lock()
        self._gateway: Gateway | None = None
        self._index: tuple[int, NameIndex] = (-1, NameIndex(()))
        self._versions: tuple[int, dict[str, list[str]]] = (-1, {})

    @property
    def channels(self) -> list[Channel]:
        """The channels in order of priority, as rattler objects."""
        return [channel.rattler_channel for channel in self._loaded]

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
                    channel.ref.url: cached
                    for channel in self._loaded
                    if channel.root is None and (self.settings.offline or channel.cached_from)
                },
            )
        return self._gateway

    @property
    def as_of(self) -> datetime | None:
        """Time at which the oldest cached repodata in use was fetched; None if every channel is current."""
        return min((channel.cached_from for channel in self._loaded if channel.cached_from), default=None)

    def clear(self) -> None:
        """Forget all loaded data; the next query asks every channel."""
        self._gateway = None
        self.generation += 1
        for channel in self._loaded:
            channel.forget()

    async def use(self, settings: CondaSettings) -> None:
        """Switch to other settings, and so to other channels; no data of the previous channels are kept."""
        async with self._lock:
            self.settings = settings
            self._loaded = loaded_channels(settings)
            self.clear()

    async def refresh(self) -> None:
        """Load every channel and make it current; raise ChannelUnreachable for the first one that fails.

        Raises ChannelNotAllowed, before it asks any channel, if condarc forbids one of them.
        """
        require_permitted((channel.ref for channel in self._loaded), self.settings)
        async with self._lock:
            stale = [channel for channel in self._loaded if await channel.is_stale(self.subdirs)]
            if stale:
                await self._reload(stale)
        failed = next((channel.error for channel in self._loaded if channel.error), None)
        if failed is not None and not isinstance(failed, ChannelUnreachable):
            raise failed
        if failed is not None:
            warning = self.settings.channel_warning
            hint = say("Correct conda's configuration first. {warning}", warning=warning) if warning else failed.hint
            raise ChannelUnreachable(failed.message, failed.details, hint)

    async def records(self, names: Iterable[str]) -> list[RepoDataRecord]:
        """Return all records of these packages, in the channels' order, without their dependencies.

        The packages are given by names or specs. Raises InvalidSpec for one that conda cannot read.
        """
        await self.refresh()
        try:
            # rattler reads a string by its strict grammar, which refuses builds with a period or a plus sign.
            wanted = [MatchSpec(name, strict=False) for name in names]
        except InvalidMatchSpecError as error:
            raise InvalidSpec(say("A package or its version cannot be read."), str(error)) from error
        # Much of a query runs in a single thread, so many packages are split into several parallel queries.
        parts = min(_QUERIES, 1 + len(wanted) // _MANY)
        queries = (
            self.gateway.query(self.channels, self.subdirs, wanted[part::parts], recursive=False)
            for part in range(parts)
        )
        try:
            found = await self.answer(asyncio.gather(*queries))
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

    async def answer(self, query: Awaitable[_Result], solving: float = 0.0) -> _Result:
        """Return the result of a query to the gateway, which may take ``solving`` seconds in addition to its downloads.

        Raises ChannelUnreachable if a channel does not go on with its data, or sends too many.
        """
        return await waiting.wait(query, self.cache_dir, solving=solving)

    async def _names(self) -> NameIndex:
        await self.refresh()
        generation, index = self._index
        if generation != self.generation:
            generation = self.generation
            try:
                found = await self.answer(self.gateway.names(self.channels, self.subdirs))
            except GatewayError as error:
                raise self.unreachable(error) from error
            index = await asyncio.to_thread(NameIndex, (name.normalized for name in found))
            self._index = (generation, index)
        return index

    def unreachable(self, error: Exception) -> TfenvError:
        """Return the domain error for a gateway error. It names the channel or cache, and contains no credentials."""
        text = str(error)
        ref = next((channel.ref for channel in self._loaded if channel.ref.url in text), None)
        if ref is None and len(self._loaded) == 1:
            ref = self._loaded[0].ref
        return self._domain_error(say("The channel “{name}”", name=ref.name) if ref else say("A channel"), text)

    def _domain_error(self, subject: str, text: str) -> TfenvError:
        if faults.is_full(text):
            return faults.no_space(
                redact(text), say("Channel data are stored in {cache_dir}.", cache_dir=self.cache_dir)
            )
        if str(self.cache_dir) in text:
            return UnusableDirectory(
                say("Channel data cannot be stored in {cache_dir}.", cache_dir=self.cache_dir),
                redact(text),
                hint=say(
                    "Set XDG_CACHE_HOME to a directory in which files can be written and locked, and restart Jupyter."
                ),
            )
        if _BROKEN.search(text):
            return ChannelUnreachable(
                say("{subject} answers, but its channel data cannot be read.", subject=subject),
                redact(text),
                say(
                    "Check the URL of the channel: a proxy or a login page may answer instead. If "
                    "the URL is correct, tell the maintainer of the channel."
                ),
            )
        if self.settings.offline:
            return ChannelUnreachable(
                say(
                    "{subject} is not read, because the server is offline, and no earlier answer is stored.",
                    subject=subject,
                ),
                redact(text),
                say("Set TfenvLab.offline and offline in condarc to False, or use a channel in a directory."),
            )
        return ChannelUnreachable(say("{subject} cannot be reached.", subject=subject), redact(text))

    async def _reload(self, stale: list[LoadedChannel]) -> None:
        standing_in = {id(channel) for channel in self._loaded if channel.cached_from}
        if standing_in:
            # This gateway is configured never to ask these channels.
            self._gateway = None
        for channel in stale:
            channel.cached_from = None
        for channel in stale:
            # Clear the cache before anything reads it. The gateway maps local files into memory, and reading a
            # part that has been cut off since kills the process.
            self.gateway.clear_repodata_cache(channel.rattler_channel)
        await asyncio.gather(*map(self._probe, stale))
        remote = [channel for channel in stale if channel.root is None]
        for channel in remote:
            stamp = self._stamp(channel)
            wait = channel.error.wait if channel.error else None
            retry = max(RETRY, min(wait or 0.0, REMEMBERED))
            channel.due = time.monotonic() + (retry if channel.error and not self.settings.offline else TTL)
            if self.settings.offline or channel.error is not None:
                channel.cached_from = await asyncio.to_thread(modified, stamp)
            else:
                await asyncio.to_thread(stamp.touch)
        failed = [channel for channel in remote if channel.error and channel.cached_from]
        if failed and not self.settings.offline:
            self._gateway = None
            await asyncio.gather(*map(self._probe, failed))
        # If cached data is still used for all these channels, nothing has changed.
        if not all(id(channel) in standing_in and channel.cached_from for channel in stale):
            self.generation += 1

    def _stamp(self, channel: LoadedChannel) -> Path:
        """Return the file whose modification time is that of a remote channel's last answer."""
        return self.cache_dir / f"{sha256(channel.ref.url.encode()).hexdigest()[:16]}.fetched"

    async def _asked(self, error: TfenvError, text: str) -> TfenvError:
        """Return an error of a channel; if its server is busy, with the time at which to try again."""
        busy = busy_url(text)
        wait = await asyncio.to_thread(wait_of, busy[1], self.settings) if busy else None
        if wait is not None:
            error.wait, error.hint = wait, hint(wait)
        return error

    async def _probe(self, channel: LoadedChannel) -> None:
        """Load one channel's index, and set ``channel.error`` if that fails."""
        query = self.gateway.query([channel.rattler_channel], self.subdirs, [_PROBE], recursive=False)
        subject = say("The channel “{name}”", name=channel.ref.name)
        try:
            await waiting.wait(query, self.cache_dir, subject)
        except GatewayError as error:
            channel.error = await self._asked(self._domain_error(subject, str(error)), str(error))
        except ChannelUnreachable as error:
            channel.error = error
        else:
            channel.error = None
