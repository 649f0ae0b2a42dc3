"""Commands for the kernels of environments: hide them from Jupyter's launcher, and show them there again."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..services import Services
from .command import TfenvCommand


class HideApp(TfenvCommand):
    """Hide an environment from Jupyter's launcher and kernel menus. The environment stays."""

    least, most, usage = 1, 1, "hide NAME"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        environment = await self.find(services, arguments[0])
        await services.kernels.hide(Path(environment.prefix))
        found = await services.environments.get(environment.id)
        self.write(found.to_json(), f"{found.name} is hidden from the launcher.")
        return 0


class ShowApp(TfenvCommand):
    """Show a hidden environment in Jupyter's launcher and kernel menus again."""

    least, most, usage = 1, 1, "show NAME"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        environment = await self.find(services, arguments[0])
        await services.kernels.register(Path(environment.prefix), environment.name)
        found = await services.environments.get(environment.id)
        shown = found.kernel.display_name if found.kernel else found.name
        self.write(found.to_json(), f"The launcher shows {shown}.")
        return 0
