"""Starts kernels as Jupyter's own provisioner does, but says why one of ours cannot start.

It is the server's default provisioner and is never named in a kernelspec: a kernelspec of ours starts in
any Jupyter, also where this package is not installed.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from .diagnosis import reason

NAME = "tfenv-lab-provisioner"
_LOCAL = "local-provisioner"


class CannotStart(RuntimeError):
    """A kernel of ours cannot start; the text is for the notebook's user."""


class EnvironmentProvisioner(LocalProvisioner):
    """Looks at the environment before its kernel is started or restarted."""

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Raise CannotStart with the reason, or prepare the start; Jupyter shows the text in the notebook."""
        found = await reason(self.kernel_spec)
        if found is not None:
            raise CannotStart(found)
        return await super().pre_launch(**kwargs)


def install(parent: Any) -> None:
    """Make it the server's default provisioner, unless another one was chosen. ``parent`` is the server."""
    factory = KernelProvisionerFactory.instance(parent=parent)
    if factory.default_provisioner_name == _LOCAL:
        factory.provisioners[NAME] = EntryPoint(
            NAME, f"{__name__}:{EnvironmentProvisioner.__name__}", KernelProvisionerFactory.GROUP_NAME
        )
        factory.default_provisioner_name = NAME
