"""Refuse changes that would give a user more environments or bytes than the administrator allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from ..errors import LimitReached
from ..sentences import megabytes, say
from .service import SpaceService
from .survey import Demand


class Limits:
    """The limits of a user: a number of environments and a number of bytes; 0 means no limit.

    ``owned`` returns the prefixes of the user's own environments by id, and ``demand`` what unfinished jobs add.
    """

    def __init__(
        self,
        environments: int,
        total: int,
        space: SpaceService,
        owned: Callable[[], Awaitable[Mapping[str, Path]]],
        demand: Callable[[], Awaitable[Demand]],
    ) -> None:
        self.environments, self.bytes = environments, total
        self._space, self._owned, self._demand = space, owned, demand

    async def require(self, *, is_new: bool, added: int) -> None:
        """Raise LimitReached if a change, which adds bytes and maybe a new environment, would exceed a limit.

        A change that adds no bytes is never refused for them, so that users can get below the limit.
        """
        if is_new and self.environments:
            await self._require_environment()
        if added > 0 and self.bytes:
            await self._require_bytes(added)

    async def _require_environment(self) -> None:
        places = {*map(str, (await self._owned()).values()), *map(str, (await self._demand()).new)}
        if len(places) >= self.environments:
            raise LimitReached(
                say(
                    "You have {count} of the {limit} environments that the administrator allows.",
                    count=len(places),
                    limit=self.environments,
                ),
                hint=say("Delete an environment that you do not need anymore, then try again."),
            )

    async def _require_bytes(self, added: int) -> None:
        taken = await self._space.taken(await self._owned())
        coming = (await self._demand()).added
        if taken.bytes + coming + added <= self.bytes:
            return
        hint = say("Delete an environment that you do not need anymore, then try again.")
        if taken.freeable > 0:
            hint = say(
                "Free up {size} with “Disk Space” in the panel or “jupyter tfenv clean”, or delete an environment "
                "that you do not need anymore.",
                size=megabytes(taken.freeable),
            )
        raise LimitReached(
            say(
                "This change adds {added} to the {taken} of your environments, caches and unfinished jobs, but the "
                "administrator allows {limit}.",
                added=megabytes(added),
                taken=megabytes(taken.bytes + coming),
                limit=megabytes(self.bytes),
            ),
            hint=hint,
        )
