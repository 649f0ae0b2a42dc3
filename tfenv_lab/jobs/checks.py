"""Start checks, on request or automatically, and look up the newest check of every environment."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ..conda.prefix.state import fingerprint
from ..environments.inventory import Seen
from ..environments.models import Environment, EnvironmentFacts, Kernel, LastCheck
from ..errors import NotFound, PrefixBusy
from ..kernels import at_start, building, kernelspecs
from ..tensorflow.checks.evidence import Subject
from ..tensorflow_packages import FAMILY
from .models import Job
from .store import JobStore

if TYPE_CHECKING:
    from ..environments.service import EnvironmentService
    from ..kernels.service import KernelService
    from .service import JobService


class CheckService:
    """Checks of environments, stored with the jobs in ``store`` so that they survive a restart.

    If ``automatic`` is false, no check starts by itself (the trait ``check_after_change``).
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
        """Start a check of an environment, activated like its kernel. Raises NotFound or PrefixBusy."""
        environment = await self._environments().get(environment_id)
        prefix = Path(environment.prefix)
        # Read the state first, so that a change during the rest makes the check outdated.
        kernel = await self._kernels().kernel_of(prefix)
        state = await asyncio.to_thread(state_of, prefix, kernel)
        subject = await asyncio.to_thread(_subject, environment)
        return await self._jobs().check(environment, subject, state, automatic=automatic)

    async def begin_in_background(self, environment_id: str) -> None:
        """Start a check that any other job may cancel, unless such checks are turned off or the prefix is busy."""
        if self._automatic:
            with contextlib.suppress(PrefixBusy, NotFound):
                await self.begin(environment_id, automatic=True)

    async def follow(self, job: Job) -> None:
        """Check an environment if a job changed its TensorFlow, repaired it, or set its kernel to Keras 2."""
        if job.kind in ("check", "delete", "restore", "rollout") or job.environment is None:
            return
        from ..conda.prefix import revisions

        history = await asyncio.to_thread(revisions.read, Path(job.prefix))
        changed = {entry["name"] for revision in history if revision.job == job.id for entry in revision.entries}
        environment = await self._environments().get(job.environment)
        concerns = changed & FAMILY or job.settings.get("legacy_keras") or job.kind == "repair"
        if environment.tensorflow is not None and concerns:
            await self.begin_in_background(environment.id)

    def newest(self, seen: Iterable[Seen], kernels: Mapping[str, Kernel]) -> dict[str, LastCheck]:
        """Return the newest check of each environment that has one, by the environment's id. Reads the disk.

        The state of an environment is read again only if its facts were read again.
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
        # The same object as last time means that nothing in the environment changed.
        if known is None or known[0] is not facts or known[1] != kernel:
            known = (facts, kernel, state_of(facts.prefix, kernel))
            self._states[facts.id] = known
        return known[2]


def state_of(prefix: Path, kernel: Kernel | None) -> str:
    """Return a string that changes if the packages or the kernel settings of an environment change."""
    return " ".join([fingerprint(prefix), *(kernel.settings if kernel else ())])


def _variables(spec: kernelspecs.Kernelspec) -> dict[str, str]:
    """Return the variables with which one of our kernels would start now; those that it would not have are empty."""
    variables, unset = building.activated(spec, os.environ)
    return {**variables, **dict.fromkeys(unset, "")}


def _subject(environment: Environment) -> Subject:
    """Return what the check needs to know about an environment."""
    from ..conda.machine import virtual_packages
    from ..conda.prefix.activation import environment_variables

    prefix = Path(environment.prefix)
    # Jupyter lists kernelspecs under lowercase names.
    kernel = environment.kernel.name.lower() if environment.kernel else None
    spec = next((spec for spec in kernelspecs.ours() if spec.name.lower() == kernel), None)
    return Subject(
        prefix=prefix,
        environment=environment.id,
        # Orders to the worker are UTF-8, but a variable can hold any bytes.
        variables={
            name: value.encode(errors="replace").decode()
            for name, value in (_variables(spec) if spec else environment_variables(prefix)).items()
        },
        kernel=at_start.unwrapped(spec.spec["argv"])[0] if spec else None,
        cuda=virtual_packages.usable_cuda(),
    )
