"""The catalog: which TensorFlow, for which Python and hardware, the channels hold and this machine can run."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from ..models import CatalogModel, Suggestion

if TYPE_CHECKING:
    from ...conda.engine import GenericVirtualPackage
    from ...conda.repodata.repodata import Repodata
    from ...environments.models import EnvironmentFacts, Update
    from ..advice import Known
    from .releases import Listing
    from .selection import Wanted

#: Channels with at most this many packages are read in one go; of larger ones only the names that are met.
_SMALL = 2000
#: Listings that are kept beside the newest: for CUDA versions that were asked for.
_KEPT = 4


class Catalog:
    """The TensorFlow releases of the configured channels.

    Built when it is first asked for, and again only when the channels' data or the machine's virtual
    packages (``CONDA_OVERRIDE_*``) change. The coroutines may raise ChannelUnreachable.
    """

    def __init__(self, repodata: Repodata, env: Mapping[str, str] = os.environ) -> None:
        """``env`` holds ``CONDA_OVERRIDE_*`` variables."""
        self._repodata = repodata
        self._env = env
        self._lock = asyncio.Lock()
        self._listings: dict[tuple[int, str], Listing] = {}
        #: The newest listing for the machine as it is, for questions that must not wait.
        self._latest: Listing | None = None

    async def get(self, prereleases: bool = False, cuda: str | None = None) -> CatalogModel:
        """Return the releases, newest first; with ``cuda`` as if the driver supported that version.

        Raises InvalidRequest where ``cuda`` is not a version.
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
        """Return the solver's specs for a new environment: TensorFlow with its build pinned to one kind of
        hardware, Python, Keras, and what a kernel needs. Raises InvalidRequest.
        """
        from . import selection

        virtual = await asyncio.to_thread(self._virtual, wanted.cuda)
        return selection.specs(wanted, await self._listing(virtual))

    async def suggest(self, wanted: Wanted) -> Suggestion | None:
        """Return the nearest request to one without solution that has one (tried on the solver), or None."""
        from . import suggestions

        virtual = await asyncio.to_thread(self._virtual, wanted.cuda)
        return await suggestions.suggest(wanted, await self._listing(virtual), self._repodata, virtual)

    def forget(self) -> None:
        """Forget what is in memory, after the channels became others."""
        self._listings, self._latest = {}, None

    @property
    def knowledge(self) -> object:
        """What ``updates`` and ``known`` answer from: another object whenever their answers may be others."""
        return self._latest

    def updates(self, facts: EnvironmentFacts) -> Update:
        """Return what the channels offer an environment, from memory: nothing while no catalog was asked for."""
        from ...conda.solving.specs import newer
        from ...environments.models import Update

        found, python = facts.tensorflow, facts.python
        if self._latest is None or found is None or found.source != "conda" or python is None:
            return Update()
        minor, variant = ".".join(python.split(".")[:2]), found.variant or "cpu"
        keras = self._latest.keras_with(found.version, variant, minor)
        ahead = keras and facts.keras and facts.keras.source == "conda" and newer(keras, facts.keras.version)
        return Update(self._latest.update_of(found.version, variant, minor), keras if ahead else None)

    def known(self, facts: EnvironmentFacts) -> Known:
        """Return what is in memory for the advice on an environment."""
        from ...conda.machine import virtual_packages
        from ..advice import Known

        if self._latest is None or facts.tensorflow is None or facts.python is None:
            return Known()
        minor = ".".join(facts.python.split(".")[:2])
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
                # Older generations are of no more use; the machine's own listing and overridden ones are.
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
        if len(names) > _SMALL:
            names = ["tensorflow", "python", "keras", *KERNEL, *OPTIONAL]
        while names:
            records = await repodata.records(names)
            # In a thread: a judgement takes a while, and the loop must stay free.
            await asyncio.to_thread(pool.add, names, records)
            names = await asyncio.to_thread(judge.advance)
        return await asyncio.to_thread(judge.listing, repodata.subdir)
