"""Change the variables of an environment. This needs no plan, because it changes no package and is quickly undone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Protected
from ..sentences import say

if TYPE_CHECKING:
    from ..environments.service import EnvironmentService
    from .aftermath import Aftermath
    from .running import RunningJobs


class VariableService:
    """Service that reads and changes the variables of environments."""

    def __init__(
        self,
        environments: Callable[[], EnvironmentService],
        running: Callable[[], RunningJobs],
        aftermath: Callable[[], Aftermath],
    ) -> None:
        self._environments, self._running, self._aftermath = environments, running, aftermath

    async def of(self, environment_id: str) -> dict[str, str]:
        """Return the variables of an environment. Raises NotFound."""
        from ..conda.prefix import variables

        environment = await self._environments().readable(environment_id)
        return await asyncio.to_thread(variables.read, Path(environment.prefix))

    async def change(self, environment_id: str, wanted: Mapping[str, object]) -> dict[str, str]:
        """Set variables of an environment, remove those that are None, and return all.

        Raises InvalidRequest, NotFound, Protected, or PrefixBusy if a job or another program is changing it.
        """
        from ..conda.prefix import variables

        values = variables.require_valid(wanted)
        environment = await self._environments().readable(environment_id)
        environment.require_changeable()
        prefix = Path(environment.prefix)
        await self._running().make_way(prefix)
        await asyncio.to_thread(_change, prefix, values)
        # The kernel gets the variables now, and not only when the environments are listed.
        await self._aftermath().reconcile([prefix])
        return await self.of(environment_id)


def _change(prefix: Path, values: Mapping[str, str | None]) -> None:
    from ..conda.prefix import variables
    from ..conda.transaction import prefix_lock

    try:
        with prefix_lock.hold(prefix, "variables"):
            variables.change(prefix, values)
    except OSError as error:
        raise Protected(
            say("The variables of “{name}” cannot be written. Nothing was changed.", name=prefix.name), str(error)
        ) from error
