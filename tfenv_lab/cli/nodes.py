"""Commands that bring a lock to this machine: apply, verify and publish."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from traitlets import Unicode

from ..errors import InvalidRequest
from ..nodes.apply import apply, verify
from ..nodes.lockfile import LockFile
from ..nodes.publish import publish
from ..services import Services
from .command import PROBLEMS, TfenvCommand

#: Number of differing packages that are shown.
_SHOWN = 10


class LockCommand(TfenvCommand):
    """Base class of the commands whose first argument is a lock."""

    least, most = 2, 2
    format = Unicode(None, allow_none=True, help="Format of the lock. Default: recognized.").tag(config=True)
    environment = Unicode(None, allow_none=True, help="Environment of a pixi.lock. Default: default.").tag(config=True)
    categories = Unicode(
        None, allow_none=True, help="Categories of a conda-lock file, separated by commas. Default: main."
    ).tag(config=True)
    aliases = {
        **TfenvCommand.aliases,
        **{name: f"LockCommand.{name}" for name in ("format", "environment", "categories")},
    }

    async def lock(self, file: str) -> LockFile:
        """Read a lock file (“-”: from standard input). Raises InvalidRequest."""
        from ..conda.formats.encoding import decode

        try:
            read = sys.stdin.buffer.read if file == "-" else Path(file).read_bytes
            content = decode(await asyncio.to_thread(read))
        except OSError as error:
            raise InvalidRequest(f"{file} cannot be read.", str(error)) from error
        categories = tuple(self.categories.split(",")) if self.categories is not None else None
        return LockFile(content, None if file == "-" else Path(file).name, self.format, self.environment, categories)


class ApplyApp(LockCommand):
    """Make an environment equal to a lock: create it, change it, or do nothing if it is equal."""

    usage = "apply LOCK NAME"
    needs = ("directories",)

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        file, name = arguments
        done = await apply(services, await self.lock(file), name, lambda job: self.finished(services, job))
        what = "The environment has the packages of the lock already" if done.job is None else done.job.message
        job = None if done.job is None else done.job.to_json()
        self.write({"prefix": done.prefix, "digest": done.digest, "job": job}, f"{what}: {done.prefix}")
        return 0


class VerifyApp(LockCommand):
    """Compare an environment to a lock. The exit status is 0 only if it has exactly the packages of the lock."""

    usage = "verify LOCK NAME"
    needs = ("directories",)

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        file, name = arguments
        found = await verify(services, await self.lock(file), name)
        if found.is_equal:
            text = f"{found.prefix} has the packages of the lock."
        else:
            shown = ", ".join(found.differing[:_SHOWN]) + (" …" if len(found.differing) > _SHOWN else "")
            text = f"{found.prefix} differs from the lock{f': {shown}' if shown else '.'}"
        body: dict[str, Any] = {
            "prefix": found.prefix,
            "digest": found.digest,
            "equal": found.is_equal,
            "differing": list(found.differing),
        }
        self.write(body, text)
        return 0 if found.is_equal else PROBLEMS


class PublishApp(LockCommand):
    """Publish a lock for all users: a read-only version NAME-DIGEST in a directory, to which the link NAME leads."""

    usage = "publish LOCK NAME --to=DIRECTORY"
    to = Unicode("", help="Directory of the published environments.").tag(config=True)
    aliases = {**LockCommand.aliases, "to": "PublishApp.to"}

    def start(self) -> None:
        """Let the directory be that for new environments, which have no kernels for the user who publishes them."""
        if self.to:
            self.config.TfenvLab.envs_dir = str(Path(self.to).expanduser().absolute())
            self.config.TfenvLab.kernel_filter = ".*"
        super().start()

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        if not self.to:
            raise InvalidRequest(f"Usage: jupyter tfenv {self.usage}", hint="Name the directory with --to.")
        file, name = arguments
        done = await publish(services, await self.lock(file), name, lambda job: self.finished(services, job))
        what = "Published" if done.is_new else "This version was published before"
        self.write(asdict(done), f"{what}: {done.link} → {done.prefix}")
        return 0
