"""Delete older versions of an environment that rollouts installed on this machine, and from which nothing runs."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import Awaitable, Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from msgspec import Struct

from .. import serde
from ..disk import writes
from ..errors import TfenvError
from .lockfile import LockFile
from .publish import DIGITS

if TYPE_CHECKING:
    from ..jobs.models import Job
    from ..services import Services

#: File systems of one machine. On any other one, programs of other machines may run from an environment.
_LOCAL = frozenset({"apfs", "bcachefs", "btrfs", "ext2", "ext3", "ext4", "f2fs", "overlay", "tmpfs", "xfs", "zfs"})


class _Mark(Struct, frozen=True):
    """The name of an environment that a rollout created, and the mark of its lock file."""

    name: str
    file: str


def mark(prefix: Path, lock: LockFile) -> None:
    """Remember that a rollout has created an environment. A copy of the environment does not have the mark."""
    writes.replace(_file(prefix), serde.dumps(_Mark(prefix.name, lock.mark)))


async def prune(
    services: Services, name: str, kept: Collection[str], finished: Callable[[Job], Awaitable[Job]]
) -> list[str]:
    """Delete the versions older than the one with this name and the one before it, and return their names.

    ``kept`` are the names of environments that workers of the cluster run, or ran before. ``finished`` waits for a job.
    Environments that nobody may change, or that another program changed, stay.
    """
    older = await asyncio.to_thread(_older, services.envs_dir, name)
    # Without one that a worker can go back to, the newest stays.
    stay = {*kept, *(() if {path.name for path in older} & {*kept} else [path.name for path in older[:1]])}
    chosen = [path for path in older if path.name not in stay]
    running = await asyncio.to_thread(_running) if chosen else set()
    deleted = []
    for path in chosen:
        if not any(program.startswith(f"{path}{os.sep}") for program in running):
            with contextlib.suppress(TfenvError):
                if await _delete(services, path, finished):
                    deleted.append(path.name)
    return deleted


async def _delete(services: Services, path: Path, finished: Callable[[Job], Awaitable[Job]]) -> bool:
    known = await services.environments.list()
    found = next((each for each in known if each.prefix == str(path)), None)
    if found is None:
        return False
    job = await finished(await services.jobs.deletions.begin(found, at_once=True))
    await services.jobs.ended(job.id)
    return job.state == "succeeded"


def _older(envs_dir: Path, name: str) -> list[Path]:
    """Return the other versions that rollouts of this user created on a disk of this machine, the newest first."""
    pattern = re.compile(re.escape(name[: -DIGITS - 1]) + rf"-[0-9a-f]{{{DIGITS}}}")
    if pattern.fullmatch(name) is None or not _is_local(envs_dir):
        return []
    found = [each for each in envs_dir.iterdir() if each.name != name and pattern.fullmatch(each.name)]
    return sorted(filter(_is_ours, found), key=lambda path: _file(path).stat().st_mtime_ns, reverse=True)


def _is_ours(path: Path) -> bool:
    """Return whether a rollout of this user created an environment that no other program has changed since."""
    from ..conda.prefix import digests

    try:
        if path.is_symlink() or path.stat().st_uid != os.getuid():
            return False
        found: _Mark = serde.loads(_file(path).read_bytes(), _Mark)
    except (OSError, serde.Unreadable):
        return False
    return found.name == path.name and digests.from_file(path, found.file) is not None


def _file(prefix: Path) -> Path:
    from ..conda.prefix.revisions import FOLDER

    return prefix / FOLDER / "rollout.json"


def _running() -> set[str]:
    """Return the programs of all processes, and their arguments. Those of other users show only arguments."""
    found: set[str] = set()
    for process in psutil.process_iter(["exe", "cmdline"]):
        found.update(filter(None, [process.info["exe"], *(process.info["cmdline"] or ())]))
    return found


def _is_local(folder: Path) -> bool:
    real = os.path.realpath(folder)
    mounts = [each for each in psutil.disk_partitions(all=True) if Path(real).is_relative_to(each.mountpoint)]
    # The last one that was mounted at the same place counts.
    return bool(mounts) and max(enumerate(mounts), key=lambda it: (len(it[1].mountpoint), it[0]))[1].fstype in _LOCAL
