"""The catalog: the TensorFlow releases on the channels, and which of them this machine can run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ...errors import IndexUnreachable
from ...pypi.index import IndexReader
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
#: Number of listings to keep in addition to the newest, for the CUDA versions that users assume.
_KEPT = 4


class Catalog:
    """The TensorFlow releases on the configured channels.

    The catalog is built at the first request, and again only if the channel data or the machine's virtual packages
    (``CONDA_OVERRIDE_*``) change. The coroutines may raise ChannelUnreachable.
    """

    def __init__(
        self,
        repodata: Repodata,
        env: Mapping[str, str] = os.environ,
        index: Callable[[], IndexSettings] | None = None,
    ) -> None:
        """Create a catalog. ``env`` holds the ``CONDA_OVERRIDE_*`` variables.

        ``index`` returns how package indexes are to be read; it may read the disk. Without it, there are only channels.
        """
        self._repodata = repodata
        self._index = index
        self._reader = IndexReader()
        #: The newest releases on the index, for callers that must not wait.
        self._on_index = IndexListing()
        self._index_key: object = None
        self._env = env
        self._lock = asyncio.Lock()
        self._listings: dict[tuple[int, str], Listing] = {}
        #: The newest listing for the machine as it is, for callers that must not wait.
        self._latest: Listing | None = None

    async def get(self, prereleases: bool = False, cuda: str | None = None) -> CatalogModel:
        """Return the releases, newest first; ``cuda`` is a CUDA version to assume instead of the driver's.

        Raises InvalidRequest if ``cuda`` is not a version.
        """
        from ...conda.machine import virtual_packages

        virtual = await asyncio.to_thread(self._virtual, cuda)
        listing, on_index = await asyncio.gather(self._listing(virtual), self._index_listing(virtual))
        releases = merged(listing.releases, on_index)
        as_of = self._repodata.as_of
        return CatalogModel(
            subdir=self._repodata.subdir,
            channels=[{"name": ref.name, "url": ref.url} for ref in self._repodata.settings.channels],
            virtual_packages=virtual_packages.describe(virtual),
            releases=[release for release in releases if prereleases or not release.prerelease],
            message=_message(releases, listing.message, on_index.message),
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
        return choose(wanted, listing, on_index, await self._repodata.names())

    async def suggest(self, wanted: Wanted) -> Suggestion | None:
        """Return the nearest request that has a solution, which the solver confirmed, or None."""
        from . import nearby

        virtual = await asyncio.to_thread(self._virtual, wanted.cuda)
        return await nearby.suggest(wanted, await self._listing(virtual), self._repodata, virtual)

    def forget(self) -> None:
        """Forget what is in memory, because the channels changed."""
        self._listings, self._latest = {}, None

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
            return AvailableUpdate(self._on_index.update_of(found.version, variant, minor), None)
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
        return Known(
            cuda=virtual_packages.usable_cuda(virtual_packages.overrides(self._repodata.settings, self._env)),
            update=self.updates(facts),
            cuda_release=self._latest.cuda_release(facts.tensorflow.version, minor),
        )

    def _virtual(self, cuda: str | None) -> list[GenericVirtualPackage]:
        from ...conda.machine import virtual_packages

        overrides = virtual_packages.overrides(self._repodata.settings, self._env)
        return virtual_packages.detect(overrides, cuda, self._repodata.subdir)

    async def _listing(self, virtual: list[GenericVirtualPackage]) -> Listing:
        await self._repodata.refresh()
        key = (self._repodata.generation, " ".join(map(str, virtual)))
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
        names = (index_releases.PROJECT, index_releases.CPU_PROJECT, "keras")
        try:
            found = await asyncio.gather(*(self._reader.project(name, settings) for name in names))
            records = await self._repodata.records(["python"])
        except IndexUnreachable as error:
            return IndexListing(message=error.message)
        cuda = virtual_packages.version_of(virtual, "__cuda")
        key = (tuple(map(id, found)), self._repodata.generation, cuda)
        if self._index_key != key:
            pythons = {minor_of(record.version) for record in records}
            projects = dict(zip(names, found, strict=True))
            # A project has hundreds of wheels, so this does not run on the event loop.
            listing = await asyncio.to_thread(index_releases.listing, projects, self._repodata.subdir, pythons, cuda)
            self._index_key, self._on_index = key, listing
        return self._on_index

    async def _build(self, virtual: list[GenericVirtualPackage]) -> Listing:
        from ...conda.solving.candidates import Pool
        from .releases import KERNEL, OPTIONAL, Judge

        repodata = self._repodata
        pool = Pool(strict=repodata.settings.channel_priority != "disabled")
        judge = Judge(pool, virtual)
        names = await repodata.names()
        if len(names) > SMALL:
            names = ["tensorflow", "python", "keras", *KERNEL, *OPTIONAL]
        while names:
            records = await repodata.records(names)
            # Testing every build takes a while, so it does not run on the event loop.
            await asyncio.to_thread(pool.add, names, records)
            names = await asyncio.to_thread(judge.advance)
        return await asyncio.to_thread(judge.listing, repodata.subdir)


def _message(releases: Sequence[Release], of_channels: str | None, of_index: str | None) -> str | None:
    """Return the sentence about missing releases: those of an index that did not answer, or all."""
    if any(variant.installable for release in releases for variant in release.variants):
        return of_index
    return " ".join(text for text in (of_channels, of_index) if text) or None
