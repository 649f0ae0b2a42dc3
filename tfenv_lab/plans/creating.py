"""Solve requests for new environments."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from .. import plan_requests as requests
from ..conda.solving import pins
from ..errors import IndexUnreachable, InvalidSpec, Unsatisfiable
from ..pypi import requirements as texts
from . import sources
from .index_solver import IndexSolver
from .solved import Solved
from .solver import ChannelSolver, conflict, hinted

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..conda.settings.condarc import CondaSettings
    from ..tensorflow.catalog.catalog import Catalog
    from ..tensorflow.catalog.selection import Chosen


@dataclass(frozen=True)
class Creator:
    """A solver of requests for new environments."""

    catalog: Catalog
    settings: CondaSettings
    channels: ChannelSolver
    index: IndexSolver

    async def create(self, request: requests.Create, prefix: Path) -> Solved:
        """Solve a request for an environment at ``prefix``.

        Raises InvalidSpec, ChannelNotAllowed, Unsatisfiable, ChannelUnreachable.
        """
        specs = sources.specs_of(request.packages, self.channels.spec)
        chosen = await self.catalog.chosen(request)
        offered = await self.channels.names() if specs else ()
        split = sources.split(request.packages, self.channels.spec, offered)
        try:
            return await self._solve(request, prefix, chosen, split)
        except Unsatisfiable:
            again = sources.all_from_index(split) if chosen.requirements else None
            if again is None:
                raise
            with contextlib.suppress(Unsatisfiable):
                # The channel's builds may not fit the index's TensorFlow.
                return await self._solve(request, prefix, chosen, again)
            raise

    async def _solve(self, request: requests.Create, prefix: Path, chosen: Chosen, split: sources.Split) -> Solved:
        from ..conda.machine import virtual_packages
        from ..conda.solving import specs

        overrides = virtual_packages.overrides(self.settings)
        # Detecting a driver may load its library, so it does not run on the event loop.
        virtual = await asyncio.to_thread(virtual_packages.detect, overrides, request.cuda)
        asked = specs.by_name([*chosen.specs, *split.specs])
        added, skipped = self._default_packages(asked)
        asked.update(added)
        pinned = pins.pins(self.settings.pinned_packages)

        async def solve(pinned: Sequence[str]) -> list[RepoDataRecord]:
            return await self.channels.solve(asked.values(), constraints=pinned, virtual=virtual)

        try:
            after = await solve(pinned)
        except Unsatisfiable as error:
            conflicting = await conflict(pinned, solve)
            wanted = replace(request, packages=(*request.packages, *added.values()))
            raise conflicting or hinted(error, await self.catalog.suggest(wanted)) from error
        requested = texts.by_name([*chosen.requirements, *split.requirements.values()])
        try:
            found = await self.index.solve(requested, after, builds=request.source_builds)
        except (Unsatisfiable, IndexUnreachable) as error:
            if not split.moved:
                raise
            # Neither source has the package: the channels' answer knows similar names.
            on_channels = sources.Split([*split.specs, *split.moved.values()], fixed=split.fixed)
            await self._solve(request, prefix, chosen, on_channels)
            raise error
        return Solved(
            request,
            request.name,
            prefix,
            (),
            after,
            asked,
            specs=tuple(asked.values()),
            cuda=request.cuda,
            virtual=virtual,
            default_packages=tuple(added),
            skipped_packages=skipped,
            distributions=found.distributions,
            requirements=found.requirements,
            from_index=split.moved,
            builds=tuple(each.name for each in found.distributions if not each.is_wheel),
            withdrawn=found.withdrawn,
        )

    def _default_packages(self, asked: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return condarc's ``create_default_packages`` by name, and those that are not supported specs.

        As in ``conda create``, a package that is requested anyway is left out, whatever its version
        (``Environment.from_cli_with_file_envs`` in conda/models/environment.py).
        """
        from ..conda.solving import specs

        added, skipped = [], []
        for text in self.settings.create_default_packages:
            try:
                added.append(self.channels.spec(text))
            except InvalidSpec:
                skipped.append(text[:60])
        return {name: spec for name, spec in specs.by_name(added).items() if name not in asked}, tuple(skipped)
