"""Make an environment of this machine equal to a lock, also if several processes or machines do it at the same time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import Timeout

from ..disk import locks
from ..environment_names import check_name
from ..errors import JobFailed, NotFound, PrefixBusy, PrefixExists, Protected, StalePlan, from_json
from ..jobs.models import FINISHED, Job
from ..sentences import say
from .lockfile import LockFile

if TYPE_CHECKING:
    from ..services import Services

#: How many times an environment is planned again because another program changed it meanwhile.
_ATTEMPTS = 20
#: Seconds between two looks at a job, and before another attempt.
_TICK, _PAUSE = 0.1, 0.5
#: Errors of a change that another program made at the same time.
_RACES = (PrefixBusy, PrefixExists, StalePlan)


@dataclass(frozen=True)
class Applied:
    """The environment that now is equal to a lock. ``job`` is the one that changed it, or None if nothing changed."""

    prefix: str
    digest: str
    job: Job | None = None


@dataclass(frozen=True)
class Verified:
    """Whether an environment is equal to a lock, whose digest is ``digest``.

    ``differing`` are the names of the packages that differ, as far as a plan for the environment can be made.
    """

    prefix: str
    digest: str
    is_equal: bool
    differing: tuple[str, ...] = ()


def known(prefix: Path, lock: LockFile) -> str | None:
    """Return the digest if the environment was made equal to this file and did not change since, otherwise None.

    Reads two directories and a file: neither the lock nor a channel.
    """
    from ..conda.prefix import digests

    return digests.from_file(prefix, lock.mark)


async def apply(services: Services, lock: LockFile, name: str, finished: Callable[[Job], Awaitable[Job]]) -> Applied:
    """Make the environment with this name equal to a lock. ``finished`` waits for a job.

    Of the services, only ``directories`` must exist; the others are created if there is something to do.

    If other processes do the same, one of them makes the change, and the others wait for it. Raises what a plan raises,
    and the error of the job.
    """
    check_name(name)
    prefix = services.envs_dir / name
    equal = await _equal(services, lock, name)
    if equal is not None:
        return equal
    await asyncio.to_thread(services.prepare)
    await asyncio.to_thread(services.directories.require, prefix)
    async with _alone(prefix):
        for attempt in range(_ATTEMPTS):
            try:
                return await _attempt(services, lock, name, finished)
            except _RACES as error:
                is_taken = isinstance(error, PrefixExists) and not (prefix / "conda-meta").is_dir()
                if is_taken or attempt == _ATTEMPTS - 1:
                    raise
                await asyncio.sleep(_PAUSE)
    raise AssertionError("the last attempt returns or raises")


async def verify(services: Services, lock: LockFile, name: str) -> Verified:
    """Compare the environment with this name to a lock. Nothing is changed. Raises NotFound, or what a plan raises.

    Of the services, only ``directories`` must exist, as for ``apply``.
    """
    check_name(name)
    prefix = services.envs_dir / name
    digest = await asyncio.to_thread(known, prefix, lock)
    if digest is not None:
        return Verified(str(prefix), digest, True)
    if not await asyncio.to_thread(prefix.exists):
        raise NotFound(say("There is no environment called “{name}” in {folder}.", name=name, folder=services.envs_dir))
    await asyncio.to_thread(services.prepare)
    try:
        plan = await services.plans.create(lock.request(name))
    except Protected:
        # It differs, and must not be changed, so it has no plan. That of a new environment has the digest.
        plan = await services.plans.create(lock.request(_spare(name)))
        return Verified(str(prefix), plan.digest or "", False)
    return Verified(str(prefix), plan.digest or "", not plan.entries, tuple(entry["name"] for entry in plan.entries))


def _spare(name: str) -> str:
    """Return the name of an environment that does not exist."""
    return f"{name[:40]}-of-a-lock"


async def _equal(services: Services, lock: LockFile, name: str) -> Applied | None:
    """Return the result if the environment remembers that it is equal to the lock."""
    prefix = services.envs_dir / name
    digest = await asyncio.to_thread(known, prefix, lock)
    return None if digest is None else Applied(str(prefix), digest)


async def _attempt(services: Services, lock: LockFile, name: str, finished: Callable[[Job], Awaitable[Job]]) -> Applied:
    equal = await _equal(services, lock, name)
    if equal is not None:
        return equal
    plan = await services.plans.create(lock.request(name))
    if plan.environment is not None and not plan.entries:
        return Applied(plan.prefix, plan.digest or "")
    job = await finished(await services.jobs.apply(plan.id))
    if job.error is not None:
        raise from_json(job.error)
    if job.state != "succeeded":
        raise JobFailed(say("The job was cancelled or interrupted."))
    await services.jobs.ended(job.id)
    return Applied(plan.prefix, plan.digest or "", job)


async def until_finished(services: Services, job: Job) -> Job:
    """Wait until a job ends, and return it."""
    while (job := await services.jobs.get(job.id)).state not in FINISHED:
        await services.jobs.running.finishing(job.id, _TICK)
    return job


@contextlib.asynccontextmanager
async def _alone(prefix: Path) -> AsyncIterator[None]:
    """Let one process at a time apply a lock to a prefix, on all machines that share its file system."""
    from ..conda.transaction.staging import MARK

    path = prefix.with_name(f"{MARK}apply-{prefix.name}")
    held = contextlib.ExitStack()

    def hold() -> bool:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            held.enter_context(locks.hold(path, 0))
        except Timeout:
            return False
        return True

    def free() -> None:
        # Who waits has this file open, and starts over with a new one.
        with contextlib.suppress(OSError):
            path.unlink()
        held.close()

    # Only the thread that took a lock can free it.
    with ThreadPoolExecutor(1) as thread:
        loop = asyncio.get_running_loop()
        while not await loop.run_in_executor(thread, hold):
            await asyncio.sleep(_PAUSE)
        try:
            yield
        finally:
            await loop.run_in_executor(thread, free)
