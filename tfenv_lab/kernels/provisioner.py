"""Start kernels as Jupyter's own provisioner does, but activate ours at each start, and say why one cannot start.

``default_provisioner.py`` makes it the server's default.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from . import at_start, building, kernelspecs
from .diagnosis import missing, reason
from .listed_kernelspecs import prefix_of
from .running import running


class CannotStart(RuntimeError):
    """The error that one of our kernels cannot start; its text is for the user of the notebook."""


class EnvironmentProvisioner(LocalProvisioner):
    """A provisioner that examines and activates an environment whenever its kernel is started or restarted."""

    #: Variables that activation removes, which no kernelspec can.
    _unset: Collection[str] = ()

    async def pre_launch(self, **kwargs: Any) -> dict[str, Any]:
        """Prepare the start. Raises CannotStart with the reason, which Jupyter shows in the notebook."""
        base = kwargs.get("env") or os.environ
        await self._read_again()
        found = await missing(self.kernel_spec)
        if found is None:
            await self._activate(base)
            found = await reason(self.kernel_spec, base)
        if found is not None:
            raise CannotStart(found)
        await asyncio.to_thread(self._note)
        return await super().pre_launch(**kwargs)

    async def cleanup(self, restart: bool = False) -> None:
        """Forget a kernel that ended."""
        if not restart:
            running.forget(self.kernel_id)
        await super().cleanup(restart)

    def _note(self) -> None:
        """Note in which environment the kernel starts."""
        spec = kernelspecs.Kernelspec(self.kernel_spec.display_name, Path(), self.kernel_spec.to_dict())
        prefix = prefix_of(spec)
        if prefix is not None:
            running.note(self.kernel_id, Path(prefix))

    def _finalize_env(self, env: dict[str, str]) -> None:
        super()._finalize_env(env)
        for name in self._unset:
            env.pop(name, None)

    async def _read_again(self) -> None:
        """Read our kernelspec again, because Jupyter restarts a kernel with what it read at the first start."""
        folder = getattr(self.kernel_spec, "resource_dir", "")
        found = await asyncio.to_thread(kernelspecs.read, Path(folder)) if folder else None
        if found is not None and found.mark is not None:
            # This provisioner activates the environment itself.
            self.kernel_spec.argv = at_start.unwrapped(found.spec["argv"])
            self.kernel_spec.env = dict(found.spec.get("env") or {})
            self.kernel_spec.metadata = {**self.kernel_spec.metadata, kernelspecs.MARK: found.mark}

    async def _activate(self, base: Mapping[str, str]) -> None:
        """Give one of our kernels what activation sets and unsets now, with the variables that the kernel inherits."""
        spec = kernelspecs.Kernelspec("", Path(), self.kernel_spec.to_dict())
        if spec.mark is not None:
            found = await asyncio.to_thread(building.activated, spec, base)
            self.kernel_spec.env, self._unset = found
