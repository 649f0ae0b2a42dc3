"""Publish an environment for all users of a machine or of a shared file system: read-only, versioned, never changed."""

from __future__ import annotations

import asyncio
import os
import secrets
import stat
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from ..environment_names import check_name
from ..errors import PrefixExists
from ..sentences import say
from .apply import apply, known
from .lockfile import LockFile

if TYPE_CHECKING:
    from ..jobs.models import Job
    from ..services import Services

#: Number of digits of the digest in the name of a version.
DIGITS = 8
#: Length of the longest name of a published environment, so that the names of its versions are valid.
_LONGEST = 64 - DIGITS - 1
#: The message of conda and of tfenv_lab to who wants to change it (CEP 22).
_FROZEN = "It is published for several users. Publish a new version instead, or change a copy."


@dataclass(frozen=True)
class Published:
    """A published version. ``link`` leads to ``prefix``; ``is_new`` says whether it was created now."""

    link: str
    prefix: str
    digest: str
    is_new: bool


async def publish(
    services: Services, lock: LockFile, name: str, finished: Callable[[Job], Awaitable[Job]]
) -> Published:
    """Publish a lock in the directory for new environments, under this name. ``finished`` waits for a job.

    The version gets a prefix of its own, so environments that are in use never change, and the name leads to it at the
    end. Raises PrefixExists if the name is not that of a published environment, and what ``apply`` raises.
    """
    check_name(name)
    if len(name) > _LONGEST:
        check_name(name + "-" * (DIGITS + 1))
    link = services.envs_dir / name
    if await asyncio.to_thread(_is_taken, link):
        raise PrefixExists(say("{link} exists, but it is not a published environment.", link=link))
    digest = await asyncio.to_thread(known, link, lock)
    if digest is None:
        digest = (await services.plans.create(lock.request(version_name(name, "0" * DIGITS)))).digest or ""
    applied = await apply(services, lock, version_name(name, digest), finished)
    await asyncio.to_thread(_open, Path(applied.prefix), link)
    return Published(str(link), applied.prefix, applied.digest, applied.job is not None)


def version_name(name: str, digest: str) -> str:
    """Return the name of the version with this digest."""
    return f"{name}-{digest[:DIGITS]}"


def _is_taken(link: Path) -> bool:
    return os.path.lexists(link) and not link.is_symlink()


def _open(prefix: Path, link: Path) -> None:
    """Let everybody read a new version, protect it from changes, and let the link lead to it in one step."""
    from ..conda.prefix import frozen
    from ..conda.prefix.owner import user_name

    if not frozen.exists(prefix):
        let_read(prefix.parent)
        for folder, folders, files in os.walk(prefix):
            for entry in (folder, *(os.path.join(folder, each) for each in (*folders, *files))):  # noqa: PTH118
                let_read(Path(entry))
        # The last step: a version that has this file is complete.
        now = datetime.now(timezone.utc).isoformat(timespec="seconds")
        let_read(frozen.write(prefix, frozen.Marker(_FROZEN, now, user_name(prefix.stat().st_uid))))
    if not link.is_symlink() or os.readlink(link) != prefix.name:  # noqa: PTH115
        fresh = link.with_name(f".tfenv-link-{secrets.token_hex(8)}")
        fresh.symlink_to(prefix.name)
        fresh.replace(link)


def let_read(path: Path) -> None:
    """Let everybody read a file, and also enter a directory or run a program, as ``chmod a+rX`` does."""
    mode = path.lstat().st_mode
    if stat.S_ISLNK(mode):
        return
    wanted = stat.S_IMODE(mode) | 0o444 | (0o111 if stat.S_ISDIR(mode) or mode & 0o111 else 0)
    if wanted != stat.S_IMODE(mode):
        path.chmod(wanted)
