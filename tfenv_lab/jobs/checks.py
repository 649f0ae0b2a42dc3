"""Checks: begun on request and by themselves; the newest of every environment, and whether it still holds."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..conda.prefix.state import fingerprint
from ..environments.inventory import Seen
from ..environments.models import Environment, EnvironmentFacts, Kernel, LastCheck
from ..errors import NotFound, PrefixBusy
from ..kernels import kernelspecs
from ..tensorflow.checks.evidence import Subject
from ..tensorflow_packages import FAMILY
from .models import Job
from .store import JobStore

if TYPE_CHECKING:
    from ..environments.service import EnvironmentService
    from ..kernels.service import KernelService
    from .service import JobService


class CheckService:
    """Begins checks and looks the newest ones up.

    They are kept with the jobs in ``store``, so they survive restarts. ``automatic``: whether checks begin by
    themselves (the trait ``check_after_change``).
    """

    def __init__(
        self,
        store: JobStore,
        environments: Callable[[], EnvironmentService],
        kernels: Callable[[], KernelService],
        jobs: Callable[[], JobService],
        *,
        automatic: bool,
    ) -> None:
        self._store = store
        self._environments = environments
        self._kernels = kernels
        self._jobs = jobs
        self._automatic = automatic
        self._states: dict[str, tuple[EnvironmentFacts, Kernel | None, str]] = {}

    async def begin(self, environment_id: str, *, automatic: bool = False) -> Job:
        """Start the check of an environment, activated as its kernel is. Raises NotFound or PrefixBusy."""
        environment = await self._environments().get(environment_id)
        prefix = Path(environment.prefix)
        # The state first: what changes while the rest is read makes the check an outdated one.
        kernel = await self._kernels().kernel_of(prefix)
        state = await asyncio.to_thread(state_of, prefix, kernel)
        subject = await asyncio.to_thread(_subject, environment)
        return await self._jobs().check(environment, subject, state, automatic=automatic)

    async def begin_in_background(self, environment_id: str) -> None:
        """Start a check that gives way to everything else, unless they are turned off or something is at work."""
        if self._automatic:
            with contextlib.suppress(PrefixBusy, NotFound):
                await self.begin(environment_id, automatic=True)

    async def follow(self, job: Job) -> None:
        """Check an environment whose TensorFlow a job changed, or whose kernel's Keras."""
        if job.kind in ("check", "delete") or job.environment is None:
            return
        from ..conda.prefix import revisions

        history = await asyncio.to_thread(revisions.read, Path(job.prefix))
        changed = {entry["name"] for revision in history if revision.job == job.id for entry in revision.entries}
        environment = await self._environments().get(job.environment)
        if environment.tensorflow is not None and (changed & FAMILY or job.settings.get("legacy_keras")):
            await self.begin_in_background(environment.id)

    def newest(self, seen: Iterable[Seen], kernels: Mapping[str, Kernel]) -> dict[str, LastCheck]:
        """Return the newest check of each environment that had one, by id. Reads the disk.

        An environment is looked into again only when its facts were read again.
        """
        jobs = {job.environment: job for job in reversed(self._store.load()) if job.kind == "check" and job.result}
        found = {}
        for one in seen:
            job = jobs.get(one.facts.id)
            if job is not None and job.result is not None and job.finished is not None:
                outdated = job.checked != self._state(one.facts, kernels.get(one.real))
                found[one.facts.id] = LastCheck(job.result.ok, job.finished, outdated)
        return found

    def _state(self, facts: EnvironmentFacts, kernel: Kernel | None) -> str:
        known = self._states.get(facts.id)
        # The very facts that were seen last: nothing in the environment changed since.
        if known is None or known[0] is not facts or known[1] != kernel:
            known = (facts, kernel, state_of(facts.prefix, kernel))
            self._states[facts.id] = known
        return known[2]


def state_of(prefix: Path, kernel: Kernel | None) -> str:
    """Return a text that changes with what a check depends on: the packages, and what is set for the kernel."""
    return " ".join([fingerprint(prefix), *(kernel.settings if kernel else ())])


def _subject(environment: Environment) -> Subject:
    """Return what is checked."""
    from ..conda.machine import virtual_packages
    from ..conda.prefix.activation import environment_variables

    prefix = Path(environment.prefix)
    # Jupyter has kernels' names in small letters.
    kernel = environment.kernel.name.lower() if environment.kernel else None
    spec = next((spec for spec in kernelspecs.ours() if spec.name.lower() == kernel), None)
    return Subject(
        prefix=prefix,
        environment=environment.id,
        variables=dict(spec.spec.get("env", {})) if spec else environment_variables(prefix),
        kernel=spec.spec["argv"][0] if spec else None,
        cuda=virtual_packages.usable_cuda(),
    )
