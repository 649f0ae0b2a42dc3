"""The catalog: the TensorFlow releases on the channels, and which of them this machine can run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ...versions import minor_of
from ..models import CatalogModel, Suggestion

if TYPE_CHECKING:
    from ...conda.engine import GenericVirtualPackage
    from ...conda.repodata.repodata import Repodata
    from ...environments.models import AvailableUpdate, EnvironmentFacts
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

    def __init__(self, repodata: Repodata, env: Mapping[str, str] = os.environ) -> None:
        """Create a catalog. ``env`` holds the ``CONDA_OVERRIDE_*`` variables."""
        self._repodata = repodata
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
        listing = await self._listing(virtual)
        as_of = self._repodata.as_of
        return CatalogModel(
            subdir=self._repodata.subdir,
            channels=[{"name": ref.name, "url": ref.url} for ref in self._repodata.settings.channels],
            virtual_packages=virtual_packages.describe(virtual),
            releases=[release for release in listing.releases if prereleases or not release.prerelease],
            message=listing.message,
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
        from .selection import Chosen

        return Chosen(await self.specs_for(wanted))

    async def suggest(self, wanted: Wanted) -> Suggestion | None:
        """Return the nearest request that has a solution, which the solver confirmed, or None."""
        from . import suggestions

        virtual = await asyncio.to_thread(self._virtual, wanted.cuda)
        return await suggestions.suggest(wanted, await self._listing(virtual), self._repodata, virtual)

    def forget(self) -> None:
        """Forget what is in memory, because the channels changed."""
        self._listings, self._latest = {}, None

    @property
    def knowledge(self) -> object:
        """The data behind ``updates`` and ``known``; a different object whenever their answers may differ."""
        return self._latest

    def updates(self, facts: EnvironmentFacts) -> AvailableUpdate:
        """Return the updates that the channels offer an environment, from memory; none before the catalog was built."""
        from ...conda.solving.specs import newer
        from ...environments.models import AvailableUpdate

        found, python = facts.tensorflow, facts.python
        if self._latest is None or found is None or found.source != "conda" or python is None:
            return AvailableUpdate()
        minor, variant = minor_of(python), found.variant or "cpu"
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
