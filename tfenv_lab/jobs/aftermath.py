"""Update the server after a job: kernelspecs, caches and the channels in use."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from ..conda.transaction.change import Change
from ..errors import TfenvError
from ..kernels import settings
from ..models import Advice
from ..plan_requests import Install
from ..sentences import joined, say
from .messages import Succeeded
from .models import DONE_WITHOUT_KERNEL, Job

if TYPE_CHECKING:
    from ..environments.service import EnvironmentService
    from ..kernels.service import KernelService

#: How specs of the packages with Python's and R's kernel begin.
_KERNEL_PACKAGES = ("ipykernel", "r-irkernel")


class Changes(Protocol):
    """The changes that jobs make now, as the job service knows them."""

    def is_changing(self, prefix: Path) -> bool:
        """Return whether a job changes, or waits to change, an environment."""

    async def unchanging(self, prefixes: Collection[Path]) -> None:
        """Wait until no job changes any of these environments."""


class Aftermath:
    """The work that follows a job in the server's other services."""

    def __init__(
        self,
        environments: Callable[[], EnvironmentService],
        kernels: Callable[[], KernelService],
        jobs: Callable[[], Changes],
        use_channel: Callable[[str], Awaitable[None]],
        refresh_deletions: Callable[[], Awaitable[None]],
        log: logging.Logger,
    ) -> None:
        """Take functions that return the services, and ``use_channel``, which switches to a local channel by URL.

        ``refresh_deletions`` finds out which deletions can still be undone.
        """
        self._environments = environments
        self._kernels = kernels
        self._jobs = jobs
        self._use_channel = use_channel
        self._refresh_deletions = refresh_deletions
        self._log = log
        #: The tasks that wait for the jobs of prefixes, by these prefixes.
        self._waiting: dict[frozenset[Path], asyncio.Task[None]] = {}

    async def variables_before(self, change: Change) -> dict[str, str] | None:
        """Return the kernel variables that a changed environment keeps, or None if the change begins without a kernel.

        These are the ones that a user or a kernel setting added to activation's. In their values, the new prefix
        replaces the prefix that the change begins with. Call this before the change. Once a renamed environment has
        left its old prefix, any listing of environments may remove the kernelspec that stores the variables.
        """
        if change.begins_with is None:
            return None
        found = await self._kernels().variables_of(change.begins_with)
        return None if found is None else settings.moved(found, change.begins_with, change.prefix)

    async def kernels_before(self, change: Change) -> list[str]:
        """Return the names of the kernels of an environment that a change renames. Call this before the change."""
        return [] if change.moved_from is None else await self._kernels().names_in(change.moved_from)

    async def remembering(self, job: Job) -> Job:
        """Return a deletion with what its undoing needs to know about the kernel."""
        kernels, prefix = self._kernels(), Path(job.prefix)
        return replace(job, variables=await kernels.variables_of(prefix), was_hidden=await kernels.is_hidden(prefix))

    async def settle(self, job: Job, result: Succeeded | None) -> Job:
        """Do what follows a job that succeeded, and return the job with the id of its environment.

        ``result`` is the worker's last message, or None if the worker died after the swap.
        """
        if job.kind == "build-channel":
            if result is not None and result.channel is not None:
                await self._use_channel(result.channel)
            return job
        if job.kind == "rollout":
            return job
        if job.kind == "clean":
            await self._refresh_deletions()
            return job
        environments, kernels, prefix = self._environments(), self._kernels(), Path(job.prefix)
        await asyncio.to_thread(self._remember, prefix, job)
        await asyncio.to_thread(environments.invalidate, prefix)
        if job.kind == "delete":
            return await self._unregister(job, prefix)
        if job.kind == "check":
            return job
        if job.kind == "restore":
            await self._refresh_deletions()
        environment = await environments.by_prefix(prefix)
        if environment is None:
            return job
        is_new = job.environment is None or job.moved_from is not None
        had_kernel = environment.kernel is not None or job.variables is not None or job.kernel is not None
        is_hidden = job.was_hidden or (not job.settings and not _asks_for_kernel(job) and await self._is_hidden(job))
        if is_hidden:
            await kernels.hide(prefix)
        elif is_new or had_kernel or job.kind == "install":
            # An environment that kept its kernel kept its variables too, so only the settings in the request change.
            is_lost = is_new or environment.kernel is None
            kept, variables = (job.kernel or {}, job.variables) if is_lost else ({}, None)
            try:
                await kernels.change(prefix, environment.name, {**kept, **job.settings}, variables)
            except TfenvError as error:
                self._log.info("%s is not registered as a kernel: %s", prefix, error.message)
                # The change may have removed the kernel.
                await kernels.reconcile([prefix])
                if is_new or had_kernel:
                    job = await self._without_kernel(job, prefix, error, is_new)
        if job.moved_from is not None:
            await asyncio.to_thread(environments.invalidate, Path(job.moved_from))
            job = await self._unregister(job, Path(job.moved_from))
        return replace(job, environment=environment.id)

    def _remember(self, prefix: Path, job: Job) -> None:
        """Let a renamed environment know what its notebooks call its kernels."""
        if job.moved_from is None or not job.kernels_before:
            return
        from ..conda.prefix import former_kernels

        try:
            former_kernels.add(prefix, job.kernels_before)
        except OSError as error:
            self._log.warning("The former kernels of %s could not be stored: %s", prefix, error)

    async def _is_hidden(self, job: Job) -> bool:
        """Return whether a user hides the environment that a job changed or renamed. A new one is never hidden."""
        before = job.moved_from or (job.prefix if job.environment is not None else None)
        return before is not None and await self._kernels().is_hidden(Path(before))

    async def _without_kernel(self, job: Job, prefix: Path, error: TfenvError, is_new: bool) -> Job:
        """Return a job that says why its environment has no kernel, or an outdated one."""
        text = joined(" ", (error.message, error.hint))
        job = replace(job, warnings=[*job.warnings, Advice("kernel-not-registered", "warning", text)])
        if is_new and await self._kernels().kernel_of(prefix) is None:
            job = replace(job, message=DONE_WITHOUT_KERNEL.get(job.kind, job.message))
        return job

    async def _unregister(self, job: Job, prefix: Path) -> Job:
        """Remove the kernels of a prefix that is gone, and return the job, with a warning if they stay."""
        try:
            await self._kernels().unregister(prefix)
        except TfenvError as error:
            text = joined(
                " ", (say("The kernel of {prefix} is still listed.", prefix=prefix), error.message, error.hint)
            )
            job = replace(job, warnings=[*job.warnings, Advice("kernel-not-removed", "warning", text)])
        return job

    async def reconcile(self, prefixes: Iterable[Path]) -> None:
        """Reconcile the kernelspecs of prefixes. If a job is changing a prefix, that happens after the job."""
        jobs, kernels = self._jobs(), self._kernels()
        changing = frozenset(prefix for prefix in prefixes if jobs.is_changing(prefix))
        if changing and changing not in self._waiting:
            self._waiting[changing] = asyncio.ensure_future(self._reconcile_later(changing))
        others = [prefix for prefix in prefixes if prefix not in changing]
        if others:
            await kernels.reconcile(others)

    async def stop(self) -> None:
        """Wait for the kernelspecs that are still to be reconciled."""
        await asyncio.gather(*self._waiting.values(), return_exceptions=True)

    async def _reconcile_later(self, changing: frozenset[Path]) -> None:
        try:
            await self._jobs().unchanging(changing)
            await self._kernels().reconcile(changing)
        except Exception:
            self._log.exception("The kernels of changed environments could not be updated")
        finally:
            del self._waiting[changing]


def _asks_for_kernel(job: Job) -> bool:
    """Return whether the request of a job names the package of a kernel, so that a hidden environment is shown."""
    request = job.request
    return isinstance(request, Install) and any(spec.startswith(_KERNEL_PACKAGES) for spec in request.specs)
