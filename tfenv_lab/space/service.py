"""Say what takes the space on the disks, and what cleaning would free."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from .models import Cleaning, Disk, Size, Taken
from .survey import Demand, Survey, SurveyedPlaces, Surveyor
from .trees import Root, Trees

if TYPE_CHECKING:
    from ..directories import Directories
    from ..environments.models import Environment
    from ..plan_requests import Clean

_Result = TypeVar("_Result")


class SpaceService:
    """Service that measures the disk. It reads again only what changed, and stops if nobody waits for the answer."""

    def __init__(
        self,
        environments: Callable[[], Awaitable[Sequence[Environment]]],
        directories: Directories,
        uv_cache: Callable[[], Path],
        demand: Callable[[], Awaitable[Demand]],
    ) -> None:
        """``uv_cache`` returns the directory of uv's cache; it may read the disk. ``demand`` is what jobs need."""
        self._environments = environments
        self._directories = directories
        self._uv_cache = uv_cache
        self._demand = demand
        self._surveyor = Surveyor()

    async def disk(self) -> Disk:
        """Return what takes the space."""
        return await self._ask(Survey.disk)

    async def cleaning(self, request: Clean) -> Cleaning:
        """Return what a request would delete."""
        return await self._ask(lambda survey: survey.cleaning(request.what, request.older_than_days))

    async def beyond(self, limit: int) -> Cleaning:
        """Return which packages to delete so that the package cache has at most ``limit`` bytes."""
        return await self._ask(lambda survey: survey.beyond(limit))

    async def taken(self, own: Collection[str]) -> Taken:
        """Return what the user's environments, which have these ids, take together with the caches and the trash."""
        return await self._ask(lambda survey: survey.taken(own))

    async def prefixes(self) -> list[Path]:
        """Return the prefixes of all environments."""
        return [Path(each.prefix) for each in await self._environments()]

    async def _ask(self, question: Callable[[Survey], _Result]) -> _Result:
        environments, demand = await self._environments(), await self._demand()
        known = {each.id: (each.name, Path(each.prefix)) for each in environments}
        stop = threading.Event()

        def answer() -> _Result:
            directories = self._directories
            places = SurveyedPlaces(
                directories.package_cache, directories.bytecode, self._uv_cache(), directories.envs_dir, known
            )
            return question(self._surveyor.look(places, demand, stop))

        try:
            return await asyncio.to_thread(answer)
        finally:
            stop.set()


def size_of(prefix: Path) -> Size:
    """Measure a prefix, counting a file with several hard links once. Takes about 0.3 s for 20,000 files.

    A file with hard links outside the prefix is shared. Unreadable files are left out; symbolic links are not followed.
    """
    path = str(prefix)
    measured = Trees().look([Root(path)])
    total = measured.total([path])
    return Size(total, total - measured.own([path]))
