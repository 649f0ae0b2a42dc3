"""Starts kernels as Jupyter's own provisioner does, but says why one of ours cannot start.

It is the server's default provisioner and is never named in a kernelspec: a kernelspec of ours starts in
any Jupyter, also where this package is not installed.
"""

from __future__ import annotations

import asyncio
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from . import kernelspecs
from .diagnosis import reason

NAME = "tfenv-lab-provisioner"
_LOCAL = "local-provisioner"


class CannotStart(RuntimeError):
    """A kernel of ours cannot start; the text is for the notebook's user."""


class EnvironmentProvisioner(LocalProvisioner):
    """Looks at the environment before its kernel is started or restarted."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Raise CannotStart with the reason, or prepare the start; Jupyter shows the text in the notebook."""
        await self._read_again()
        found = await reason(self.kernel_spec)
        if found is not None:
            raise CannotStart(found)
        return await super().pre_launch(**kwargs)

    async def _read_again(self) -> None:
        """Take a kernelspec of ours as it is now: Jupyter restarts a kernel with what it read at the first start."""
        folder = getattr(self.kernel_spec, "resource_dir", "")
        found = await asyncio.to_thread(kernelspecs.read, Path(folder)) if folder else None
        if found is not None and found.mark is not None:
            self.kernel_spec.argv = list(found.spec["argv"])
            self.kernel_spec.env = dict(found.spec.get("env") or {})


def install(parent: Any) -> None:
    """Make it the server's default provisioner, unless another one was chosen. ``parent`` is the server."""
    factory = KernelProvisionerFactory.instance(parent=parent)
    if factory.default_provisioner_name == _LOCAL:
        factory.provisioners[NAME] = EntryPoint(
            NAME, f"{__name__}:{EnvironmentProvisioner.__name__}", KernelProvisionerFactory.GROUP_NAME
        )
        factory.default_provisioner_name = NAME
