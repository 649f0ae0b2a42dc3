"""Commands for the kernels of environments: show and change one, and hide one from Jupyter's launcher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InvalidRequest
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


class KernelApp(TfenvCommand):
    """Show the kernel of an environment, after changing its settings: jupyter tfenv kernel tf219 legacy_keras=on."""

    least, most, usage = 1, None, "kernel NAME [SETTING=on|off …]"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        from ..kernels import settings

        environment = await self.find(services, arguments[0])
        wanted = settings.parse(dict(map(_setting, arguments[1:])))
        if wanted:
            await services.kernels.change(Path(environment.prefix), environment.name, wanted)
        found = await services.environments.get(environment.id)
        kernel = found.kernel
        if kernel is None:
            text = f"{found.name} has no kernel."
        else:
            state = {name: name in kernel.settings for name in settings.NAMES}
            lines = [f"{name}={'on' if is_on else 'off'}" for name, is_on in state.items()]
            text = "\n".join([f"{kernel.display_name} ({kernel.name})", *(f"  {line}" for line in lines)])
        if found.outdated_kernels:
            text += f"\nRunning kernels to restart: {len(found.outdated_kernels)}"
        self.write(found.to_json(), text)
        return 0


def _setting(text: str) -> tuple[str, bool]:
    name, _, value = text.partition("=")
    if value not in ("on", "off"):
        raise InvalidRequest(f"“{text[:60]}” does not set a kernel setting.", hint="Write SETTING=on or SETTING=off.")
    return name, value == "on"
