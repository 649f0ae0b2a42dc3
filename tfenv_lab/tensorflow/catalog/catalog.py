"""The catalog: the TensorFlow releases on the channels, and which of them this machine can run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ...errors import ChannelUnreachable, IndexUnreachable
from ...models import Advice
from ...pypi.index import IndexReader, Project
from ...pypi.settings import sources
from ...sentences import joined, say
from ...tensorflow_packages import TF_KERAS
from ...versions import minor_of
from ..models import CatalogModel, Release, Suggestion
from . import index_releases
from .choosing import choose, merged
from .index_releases import IndexListing

if TYPE_CHECKING:
    from ...conda.engine import GenericVirtualPackage
    from ...conda.repodata.repodata import Repodata
    from ...environments.models import AvailableUpdate, EnvironmentFacts
    from ...pypi.models import IndexSettings
    from ..advice import Known
    from .releases import Listing
    from .selection import Chosen, Wanted

#: Maximum number of packages in channels that are read as a whole; of larger ones, only the names that occur are read.
SMALL = 2000
#: Seconds that the list of releases waits for a package index; it goes on without, and a later request has its answer.
PATIENCE = 5.0
#: Number of listings to keep in addition to the newest, for the CUDA versions that users assume.
_KEPT = 4


class Catalog:
    """The TensorFlow releases on the configured channels.

    The catalog is built at the first request, and again only if the channel data or the machine's virtual packages
    (``CONDA_OVERRIDE_*``) change. The coroutines may raise ChannelUnreachable, ``get`` only if the index does not
    answer either.
    """

    def __init__(
        self,
        repodata: Repodata,
        env: Mapping[str, str] = os.environ,
        index: Callable[[], IndexSettings] | None = None,
        reader: IndexReader | None = None,
    ) -> None:
        """Create a catalog. ``env`` holds the ``CONDA_OVERRIDE_*`` variables.

        ``index`` returns how package indexes are to be read; it may read the disk. Without it, there are only channels.
        """
        #: The channels that it lists.
        self.repodata = repodata
        self._index = index
        self._reader = reader or IndexReader()
        #: Reads that go on after their request was answered; the event loop alone would not keep them.
        self._reading: set[asyncio.Task[IndexListing]] = set()
        #: The newest releases on the index, for callers that must not wait.
        self._on_index = IndexListing()
        #: What the listings were made of, with each; the projects are kept, so that their identity stays theirs.
        self._index_listings: dict[Hashable, tuple[Sequence[Project | None], IndexListing]] = {}
        self._env = env
        self._lock = asyncio.Lock()
        self._listings: dict[tuple[int, str], Listing] = {}
        #: The newest listing for the machine as it is, for callers that must not wait.
        self._latest: Listing | None = None
        #: The catalogs of other channels, by their URLs.
        self._others: dict[tuple[str, ...], Catalog] = {}

    def on(self, repodata: Repodata) -> Catalog:
        """Return the catalog of these channels, which reads the same package index."""
        if repodata is self.repodata:
            return self
        key = tuple(ref.url for ref in repodata.settings.channels)
        # The one that was used last is at the end.
        found = self._others.pop(key, None) or Catalog(repodata, self._env, self._index, self._reader)
        self._others = dict([*list(self._others.items())[-_KEPT:], (key, found)])
        return found

    async def get(
        self, prereleases: bool = False, cuda: str | None = None, *, patience: float | None = None
    ) -> CatalogModel:
        """Return the releases, newest first; ``cuda`` is a CUDA version to assume instead of the driver's.

        After the channels have answered, wait ``patience`` seconds for the package index, or PATIENCE.
        Raises InvalidRequest if ``cuda`` is not a version.
        """
        from ...conda.machine import virtual_packages

        virtual = await asyncio.to_thread(self._virtual, cuda)
        reading = asyncio.ensure_future(self._index_listing(virtual))
        # It goes on if this request ends, and only a reference keeps it.
        self._reading.add(reading)
        reading.add_done_callback(self._read)
        warnings: list[Advice] = []
        try:
            on_channels = (await self._listing(virtual)).releases
            on_index = await _soon(reading, PATIENCE if patience is None else patience)
        except ChannelUnreachable as error:
            on_channels, on_index = [], await asyncio.shield(reading)
            if not on_index.is_read:
                raise
            text = joined(" ", (error.message, error.hint))
            warnings.append(Advice("channel-unreachable", "warning", text))
        if on_index.message is not None:
            warnings.append(Advice("index-unreachable", "warning", on_index.message))
        releases = merged(on_channels, on_index)
        as_of = self.repodata.as_of
        return CatalogModel(
            subdir=self.repodata.subdir,
            channels=[{"name": ref.name, "url": ref.url} for ref in self.repodata.settings.channels],
            virtual_packages=virtual_packages.describe(virtual),
            releases=[release for release in releases if prereleases or not release.prerelease],
            message=_message(releases, self.repodata.subdir, on_index),
            warnings=warnings,
            age_seconds=(datetime.now(timezone.utc) - as_of).total_seconds() if as_of else None,
        )

    async def specs_for(self, wanted: Wanted) -> list[str]:
        """Return the solver's specs for a new environment: TensorFlow with its variant, Python, Keras and a kernel.

        Raises InvalidRequest.
        """
        from . import selection

        virtual = await asyncio.to_thread(self._virtual, wanted.cuda)
        return selection.specs(wanted, await self._listing(virtual))

    async def chosen(self, wanted: Wanted) -> Chosen:
        """Return what a new environment gets for TensorFlow, from each source. Raises InvalidRequest."""
        virtual = await asyncio.to_thread(self._virtual, wanted.cuda)
        listing, on_index = await asyncio.gather(self._listing(virtual), self._index_listing(virtual))
        return choose(wanted, listing, on_index, await self.repodata.names())

    async def suggest(self, wanted: Wanted) -> Suggestion | None:
        """Return the nearest request that has a solution, which the solver confirmed, or None."""
        from . import nearby

        virtual = await asyncio.to_thread(self._virtual, wanted.cuda)
        listing, on_index = await asyncio.gather(self._listing(virtual), self._index_listing(virtual))
        return await nearby.suggest(wanted, listing, on_index, self.repodata, virtual)

    def forget(self) -> None:
        """Forget what is in memory, because the channels changed."""
        self._listings, self._latest, self._others = {}, None, {}

    @property
    def knowledge(self) -> object:
        """The data behind ``updates`` and ``known``; a different object whenever their answers may differ."""
        return self._latest, self._on_index

    def updates(self, facts: EnvironmentFacts) -> AvailableUpdate:
        """Return the updates that the channels offer an environment, from memory; none before the catalog was built."""
        from ...conda.solving.specs import newer
        from ...environments.models import AvailableUpdate

        found, python = facts.tensorflow, facts.python
        if self._latest is None or found is None or python is None:
            return AvailableUpdate()
        minor, variant = minor_of(python), found.variant or "cpu"
        if found.source == "pypi":
            keras = self._on_index.keras_with(found.version, minor)
            ahead = keras and facts.keras and facts.keras.source == "pypi" and newer(keras, facts.keras.version)
            release = self._on_index.update_of(found.version, variant, minor)
            return AvailableUpdate(release, keras if ahead else None)
        keras = self._latest.keras_with(found.version, variant, minor)
        ahead = keras and facts.keras and facts.keras.source == "conda" and newer(keras, facts.keras.version)
        return AvailableUpdate(self._latest.update_of(found.version, variant, minor), keras if ahead else None)

    def known(self, facts: EnvironmentFacts) -> Known:
        """Return what is in memory for the warnings about an environment."""
        from ...conda.machine import virtual_packages
        from ..advice import Known

        if self._latest is None or facts.tensorflow is None or facts.python is None:
            return Known()
        minor = minor_of(facts.python)
        source = self._latest if facts.tensorflow.source == "conda" else self._on_index
        return Known(
            cuda=virtual_packages.usable_cuda(virtual_packages.overrides(self.repodata.settings, self._env)),
            update=self.updates(facts),
            cuda_release=source.cuda_release(facts.tensorflow.version, minor),
        )

    def _virtual(self, cuda: str | None) -> list[GenericVirtualPackage]:
        from ...conda.machine import virtual_packages

        overrides = virtual_packages.overrides(self.repodata.settings, self._env)
        return virtual_packages.detect(overrides, cuda, self.repodata.subdir)

    async def _listing(self, virtual: list[GenericVirtualPackage]) -> Listing:
        await self.repodata.refresh()
        key = (self.repodata.generation, " ".join(map(str, virtual)))
        async with self._lock:
            if key not in self._listings:
                listing = await self._build(virtual)
                # Drop listings of older channel data; keep those of the current data, also for assumed CUDA versions.
                kept = [item for item in self._listings.items() if item[0][0] == key[0]]
                self._listings = dict([*kept[-_KEPT:], (key, listing)])
            if key[1] == " ".join(map(str, self._virtual(None))):
                self._latest = self._listings[key]
            return self._listings[key]

    async def _index_listing(self, virtual: list[GenericVirtualPackage]) -> IndexListing:
        """Return the releases on the package index. If it does not answer, the listing is empty and says why."""
        from ...conda.machine import virtual_packages

        if self._index is None:
            return IndexListing()
        settings = await asyncio.to_thread(self._index)
        if not sources(settings):
            return IndexListing()
        names = (index_releases.PROJECT, index_releases.CPU_PROJECT, "keras", TF_KERAS)
        try:
            found = await asyncio.gather(*(self._reader.project(name, settings) for name in names))
        except IndexUnreachable as error:
            return IndexListing(message=error.message)
        pythons = await self._pythons()
        cuda = virtual_packages.version_of(virtual, "__cuda")
        key = (tuple(map(id, found)), self.repodata.generation, cuda, pythons is None)
        if key not in self._index_listings:
            projects = dict(zip(names, found, strict=True))
            # A project has hundreds of wheels, so this does not run on the event loop.
            listing = await asyncio.to_thread(index_releases.listing, projects, self.repodata.subdir, pythons, cuda)
            kept = list(self._index_listings.items())[-_KEPT:]
            self._index_listings = dict([*kept, (key, (found, listing))])
        listing = self._index_listings[key][1]
        if pythons is not None and cuda == virtual_packages.version_of(self._virtual(None), "__cuda"):
            self._on_index = listing
        return listing

    async def _pythons(self) -> set[str] | None:
        """Return the minor versions of Python on the channels, or None if no channel answers."""
        try:
            return {minor_of(record.version) for record in await self.repodata.records(["python"])}
        except ChannelUnreachable:
            return None

    def _read(self, reading: asyncio.Task[IndexListing]) -> None:
        self._reading.discard(reading)
        # Whoever waits for it gets the error; without a waiter it is of no interest.
        _ = reading.cancelled() or reading.exception()

    async def _build(self, virtual: list[GenericVirtualPackage]) -> Listing:
        from ...conda.solving.candidates import Pool
        from .releases import KERNEL, OPTIONAL, Judge

        repodata = self.repodata
        pool = Pool(strict=repodata.settings.channel_priority != "disabled")
        judge = Judge(pool, virtual)
        names = await repodata.names()
        if len(names) > SMALL:
            names = ["tensorflow", "python", "keras", TF_KERAS, *KERNEL, *OPTIONAL]
        while names:
            records = await repodata.records(names)
            # Testing every build takes a while, so it does not run on the event loop.
            await asyncio.to_thread(pool.add, names, records)
            names = await asyncio.to_thread(judge.advance)
        return await asyncio.to_thread(judge.listing)


async def _soon(reading: asyncio.Task[IndexListing], patience: float) -> IndexListing:
    """Return the releases on the index if they are there soon, otherwise only a message."""
    try:
        return await asyncio.wait_for(asyncio.shield(reading), patience)
    except asyncio.TimeoutError:
        return IndexListing(message=say("The package index has not answered yet, so its releases are missing."))


def _message(releases: Sequence[Release], subdir: str, on_index: IndexListing) -> str | None:
    """Return why there is no release, or none that can be installed; None if there is one."""
    from .releases import why_none

    return why_none(
        releases, subdir, say("The channels and the package index") if on_index.is_read else say("The channels")
    )
