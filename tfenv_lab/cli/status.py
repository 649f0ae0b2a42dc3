"""The command that shows the status of this machine: its GPU, channels, directories, and settings that are ignored."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence

from ..sentences import megabytes
from ..services import Services
from .command import TfenvCommand, table


class StatusApp(TfenvCommand):
    """Show the machine, the channels and directories in use, and which settings are ignored."""

    needs = ("local_channel",)
    usage = "status"

    async def run(self, services: Services, arguments: Sequence[str]) -> int:
        from ..server_status import status

        found = await asyncio.to_thread(status, services)
        gpu = found["gpu"]
        devices = ", ".join(str(each["name"]) for each in gpu["devices"]) or "none"
        rows = [
            ("version", found["version"]),
            ("platform", found["platform"]),
            ("NVIDIA GPUs", devices),
            ("NVIDIA driver", gpu["driver"] or "none"),
            ("CUDA", gpu["cuda"] or "none"),
            *(("channel", each["url"]) for each in found["channels"]),
            *(("package index", each["url"]) for each in found["indexes"]),
            *(("environments", _directory(each)) for each in found["envs_dirs"]),
            *_limits(found["limits"]),
        ]
        lines = [table(("what", "value"), rows)]
        lines += [f"warning: {each['message']}" for each in found["warnings"]]
        self.write(found, "\n".join(lines))
        return 0


def _limits(found: dict[str, int | None]) -> Iterator[tuple[str, str]]:
    if count := found["max_environments"]:
        yield "limit", f"{count} environments"
    if size := found["max_bytes"]:
        yield "limit", f"{megabytes(size, 0)} for environments, caches and trash"


def _directory(found: dict[str, object]) -> str:
    free = found["free_bytes"]
    space = f", {megabytes(free)} free" if isinstance(free, int) else ""
    return f"{found['path']} ({'writable' if found['writable'] else 'not writable'}{space})"
