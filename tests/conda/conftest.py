"""Share an environment and the means to change it among the tests of the engine."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rattler import Gateway, MatchSpec

from tfenv_lab.conda.machine import virtual_packages
from tfenv_lab.conda.prefix import lock, revisions
from tfenv_lab.conda.prefix import state as prefixes
from tfenv_lab.conda.transaction import apply as transaction
from tfenv_lab.conda.transaction import recovery
from tfenv_lab.conda.transaction.change import Change
from tfenv_lab.conda.transaction.engaged import Engagement
from tfenv_lab.conda.transaction.progress import Progress
from tfenv_lab.models import Advice
from tfenv_lab.pypi import settings
from tfenv_lab.pypi.models import Distribution, IndexPolicy

from ..tiny_channel import TinyChannel


@dataclass
class Watched:
    """Watcher that records its calls."""

    phases: list[str] = field(default_factory=list)
    seen: list[Progress] = field(default_factory=list)
    engagements: list[Engagement] = field(default_factory=list)
    notices: list[Advice] = field(default_factory=list)

    def phase(self, name: str) -> None:
        if self.phases[-1:] != [name]:
            self.phases.append(name)

    def progress(self, progress: Progress) -> None:
        self.seen.append(progress)

    def engaged(self, engagement: Engagement) -> None:
        self.engagements.append(engagement)

    def notice(self, advice: Advice) -> None:
        self.notices.append(advice)

    @contextlib.contextmanager
    def swapping(self) -> Iterator[None]:
        yield


def run(work: Any) -> Any:
    return asyncio.run(work)


@dataclass
class Lab:
    """Tiny channel and a prefix, with methods that change the prefix through the engine."""

    channel: TinyChannel
    root: Path

    @property
    def prefix(self) -> Path:
        return self.root / "envs" / "tf"

    async def solve(self, *specs: str, url: str | None = None) -> list[Any]:
        import rattler

        gateway = Gateway(cache_dir=self.root / "repodata")
        wanted = [MatchSpec(spec, strict=False) for spec in specs]
        found = virtual_packages.detect()
        return await rattler.solve([url or self.channel.url], wanted, gateway=gateway, virtual_packages=found)

    async def change(self, *specs: str, job: str = "0job", watcher: Watched | None = None, **fields: Any) -> Any:
        """Return the change that creates or changes the prefix to the solution of ``specs``.

        ``fields`` replace fields of the change, ``records`` replaces the solution, and ``wheels`` are the distributions
        from a package index.
        """
        target = fields.pop("prefix", self.prefix)
        records = fields.pop("records", None) or await self.solve(*specs)
        wheels: Sequence[Distribution] = fields.pop("wheels", ())
        exists = target.exists()
        change = Change(
            **{
                "origin": "in_place" if exists else "new",
                "prefix": target,
                "kind": "install",
                "subdir": self.channel.subdir,
                "lock": lock.dumps(records, [self.channel.url], self.channel.subdir, wheels),
                "requested": {spec.split(" ")[0]: spec for spec in specs},
                "channels": [self.channel.url],
                "fingerprint": prefixes.fingerprint(target) if exists else None,
                **fields,
            }
        )
        return await self.apply(change, job, watcher)

    async def apply(self, change: Change, job: str, watcher: Watched | None = None) -> revisions.Revision:
        """Run a transaction, and delete the replaced tree."""
        revision = await transaction.apply(
            change,
            job,
            package_cache=self.root / "pkgs",
            bytecode_store=self.root / "bytecode",
            client=None,
            watcher=watcher or Watched(),
            index=await asyncio.to_thread(settings.read, IndexPolicy()),
        )
        recovery.clear(change.prefix, job)
        return revision

    def tree(self, prefix: Path | None = None) -> dict[str, tuple[int, bytes]]:
        """Return the mode and contents of every file by path."""
        base = prefix or self.prefix
        return {
            str(path.relative_to(base)): (path.lstat().st_mode, path.read_bytes())
            for path in sorted(base.rglob("*"))
            if path.is_file()
        }

    def beside(self) -> list[str]:
        """Return the names of the entries next to the prefix."""
        return sorted(path.name for path in self.prefix.parent.iterdir())


@pytest.fixture
def lab(channel: TinyChannel, tmp_path: Path) -> Lab:
    """Provide a channel with ``app`` 1.0 and 2.0, which need ``lib`` 1.0 and 2.0, and an unrelated ``tool``."""
    for version in ("1.0", "2.0"):
        channel.add("lib", version, files={"lib/lib.txt": f"lib {version}", f"lib/only-{version}.txt": "x"})
        channel.add(
            "app",
            version,
            depends=[f"lib {version}"],
            files={"bin/app": f"#!/PLACEHOLDER/bin/sh\n{version}\n", "share/app.txt": version},
            executable=["bin/app"],
            prefixed=["bin/app"],
        )
    channel.add("tool", "1.0", noarch="generic")
    channel.index()
    return Lab(channel, tmp_path)
