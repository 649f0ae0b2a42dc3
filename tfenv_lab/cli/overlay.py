"""The command that adds packages over an environment, in a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..services import Services
from .changes import BUILDS, ChangeApp


class OverlayApp(ChangeApp):
    """Add packages over an environment, in a new one: jupyter tfenv overlay team mine pypi:rich."""

    least, most, usage = 2, None, "overlay NAME NEW_NAME [pypi:PACKAGE…]"
    flags = BUILDS

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        name, new, *packages = arguments
        environment = await self.find(services, name)
        body = {"kind": "overlay", "environment": environment.id, "name": new, "packages": packages}
        return {**body, "source_builds": self.source_builds}
