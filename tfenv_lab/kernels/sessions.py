"""Find the running kernels of an environment in the server's sessions, and shut them down."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from jupyter_core.utils import ensure_async

from . import naming
from .listed_kernelspecs import KernelspecCache
from .running import RunningKernel, running


class KernelSessions:
    """The running kernels of the server's environments.

    ``manager`` is the server's session manager, or None in a command. ``names_in`` returns the names of all kernels of
    the environment with a real path, and reads the disk.
    """

    def __init__(self, manager: Any, cache: KernelspecCache, names_in: Callable[[str], set[str]]) -> None:
        self._manager, self._cache, self._names_in = manager, cache, names_in

    async def notebooks_in(self, prefix: Path) -> list[str]:
        """Return the paths of the notebooks whose running kernels use a prefix."""
        return [kernel.notebook for kernel in await self.running_in(prefix) if kernel.notebook is not None]

    async def running_in(self, prefix: Path) -> list[RunningKernel]:
        """Return the kernels that run in a prefix, those of notebooks first, by path."""
        if self._manager is None:
            return []
        real = await asyncio.to_thread(self._cache.reals.of_one, str(prefix))
        names = await asyncio.to_thread(self._names_in, real)
        started = await asyncio.to_thread(self._cache.reals.of, {str(path) for path in running.prefixes().values()})
        own = {key for key, path in running.prefixes().items() if started.get(str(path)) == real}
        outdated = (await asyncio.to_thread(self.to_restart)).get(real, ())
        sessions = {(s.get("kernel") or {}).get("id"): s for s in await self._manager.list_sessions()}
        models = await ensure_async(self._manager.kernel_manager.list_kernels())
        found = [
            RunningKernel(
                model["id"],
                model["name"],
                sessions[model["id"]]["path"] if model["id"] in sessions else None,
                model["id"] in outdated,
            )
            for model in models
            if model["id"] in own or naming.listed_as(model["name"]) in names
        ]
        return sorted(found, key=lambda one: (one.notebook is None, one.notebook or one.id))

    async def shut_down(self, prefix: Path) -> None:
        """Shut down the kernels that run in a prefix, and end their sessions."""
        # Commands that run no server do not need tornado.
        from tornado.web import HTTPError

        sessions = [] if self._manager is None else await self._manager.list_sessions()
        by_kernel = {(session.get("kernel") or {}).get("id"): session["id"] for session in sessions}
        for kernel in await self.running_in(prefix):
            # A kernel may have ended by itself.
            with contextlib.suppress(HTTPError, KeyError):
                if kernel.id in by_kernel:
                    await ensure_async(self._manager.delete_session(session_id=by_kernel[kernel.id]))
                else:
                    await ensure_async(self._manager.kernel_manager.shutdown_kernel(kernel.id))

    def to_restart(self) -> dict[str, tuple[str, ...]]:
        """Return the ids of the running kernels whose packages changed, by the real path of the prefix.

        Reads the disk.
        """
        outdated = running.outdated()
        reals = self._cache.reals.of(map(str, outdated))
        return {reals[str(prefix)]: kernels for prefix, kernels in outdated.items()}
