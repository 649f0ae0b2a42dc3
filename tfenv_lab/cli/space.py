"""Commands about disk space: disk and clean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from traitlets import Int

from ..sentences import megabytes
from ..services import Services
from .changes import ChangeApp
from .command import TfenvCommand, table


class DiskApp(TfenvCommand):
    """Show what takes the space: environments, caches, packages of old revisions, and trash."""

    needs = ("environments", "space", "jobs")
    usage = "disk"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        found = await services.space.disk()
        names = {each.id: each.name for each in await services.environments.list()}
        environments = [
            (names.get(each.id, each.id), megabytes(each.own_bytes), megabytes(each.shared_bytes))
            for each in found.environments
        ]
        rest = [
            *((each.name, megabytes(each.bytes), megabytes(each.unused_bytes)) for each in found.caches),
            ("revisions", "", megabytes(found.revisions_bytes)),
            ("trash", "", megabytes(found.trash_bytes)),
        ]
        texts = [
            table(("environment", "own", "shared"), environments) if environments else "There is no environment.",
            "",
            table(("cache", "size", "can be freed"), rest),
        ]
        texts += [f"Left out, because it does not respond or cannot be read: {name}" for name in found.left_out]
        texts += [f"{megabytes(found.free_bytes, 0)} are free."] if found.free_bytes is not None else []
        self.write(asdict(found), "\n".join(texts))
        return 0


class CleanApp(ChangeApp):
    """Free disk space: delete what no environment needs from the caches, and what changes left behind."""

    most, usage = None, "clean [cache] [uv] [trash] [revisions] [--older-than-days=N]"
    older_than_days = Int(
        None, allow_none=True, help="With revisions: keep the packages of newer revisions. Default: of none."
    ).tag(config=True)
    aliases = {**ChangeApp.aliases, "older-than-days": "CleanApp.older_than_days"}

    async def request(self, services: Services, arguments: Sequence[str]) -> dict[str, Any]:
        # Packages that reverts need stay, unless a user names them.
        what = list(arguments) or ["cache", "uv", "trash"]
        return {"kind": "clean", "what": what, "older_than_days": self.older_than_days}
