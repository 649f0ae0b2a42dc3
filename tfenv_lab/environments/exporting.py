"""Reading an environment for export."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rattler import PrefixRecord

    from ..conda.channels import ChannelRef
    from ..conda.condarc import CondaSettings
    from ..conda.export import Contents
    from .models import Environment


async def export(environment: Environment, format_: str, detail: str, settings: CondaSettings) -> str:
    """Return an environment as the text of a file. Raises InvalidRequest for an unknown format or detail."""
    return await asyncio.to_thread(_export, environment, format_, detail, settings)


def _export(environment: Environment, format_: str, detail: str, settings: CondaSettings) -> str:
    from ..conda import export as exports
    from ..conda import notebook
    from ..conda.importing import NOTEBOOK

    contents = read(environment, settings)
    if format_ == NOTEBOOK:
        versions = {
            "python": environment.python,
            "tensorflow": environment.tensorflow.version if environment.tensorflow else None,
            "keras": environment.keras.version if environment.keras else None,
        }
        return json.dumps(notebook.write(contents, versions))
    return exports.export(contents, format_, detail)


def read(environment: Environment, settings: CondaSettings) -> Contents:
    """Return what an environment holds, as exports have it."""
    from ..conda import platform
    from ..conda.export import Contents
    from ..conda.prefix import pypi_packages, records, requested_specs

    prefix = Path(environment.prefix)
    installed = records(prefix)
    return Contents(
        environment.name,
        installed,
        requested_specs(prefix),
        pypi_packages(prefix),
        _channels(installed, settings),
        platform.subdir(),
    )


def _channels(installed: list[PrefixRecord], settings: CondaSettings) -> list[ChannelRef]:
    """Return the channels that the packages came from: the configured ones in their order, then others."""
    from ..conda.condarc import resolve_channel

    urls = dict.fromkeys(record.url.rsplit("/", 1)[0] for record in installed if record.url)
    used = dict.fromkeys(resolve_channel(url, settings) for url in urls)
    known = [ref for ref in settings.channels if ref in used]
    return [*known, *(ref for ref in used if ref not in known)] or list(settings.channels)
