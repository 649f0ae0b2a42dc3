"""Make our provisioner the server's default one.

No kernelspec names it, so that our kernelspecs also start in a Jupyter without this package. It is imported when the
first kernel starts.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory

NAME = "tfenv-lab-provisioner"
_LOCAL = "local-provisioner"


def install(parent: Any) -> None:
    """Make our provisioner the default, unless another is configured. ``parent`` is the server."""
    factory = KernelProvisionerFactory.instance(parent=parent)
    if factory.default_provisioner_name == _LOCAL:
        factory.provisioners[NAME] = EntryPoint(
            NAME, f"{__package__}.provisioner:EnvironmentProvisioner", KernelProvisionerFactory.GROUP_NAME
        )
        factory.default_provisioner_name = NAME
