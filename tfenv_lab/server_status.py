"""The status of a server: its machine, channels, indexes, directories and limits, and ignored settings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import environment_names, extensions
from ._version import __version__
from .disk.reads import BoundedReads
from .disk.space import free_bytes
from .plans.recognition import FILE_PATTERN
from .pypi import settings as index_settings
from .pypi.places import shown
from .pypi.settings import sources
from .sentences import bytes_in, parts_of

if TYPE_CHECKING:
    from .services import Services


def status(services: Services) -> dict[str, Any]:
    """Return the Status of the REST contract."""
    from .conda.formats.model import FORMATS, NOTEBOOK
    from .conda.formats.untrusted import MAX_BYTES
    from .conda.machine import nvml, virtual_packages
    from .conda.machine.virtual_packages import current_subdir

    overrides = virtual_packages.overrides(services.conda)
    index = index_settings.read(services.index_policy)
    folders = dict.fromkeys([services.envs_dir, *services.conda.envs_dirs])
    return {
        "version": __version__,
        "platform": current_subdir(),
        "virtual_packages": virtual_packages.describe(virtual_packages.detect(overrides)),
        "gpu": {**virtual_packages.gpu(overrides), "devices": [asdict(gpu) for gpu in nvml.gpus()]},
        "local_channel": services.local_channel.to_json(),
        "channels": [{"name": ref.name, "url": ref.url} for ref in services.conda.channels],
        "allowed_channels": _allowed(services),
        "indexes": [{"url": shown(source.url), "flat": source.is_flat} for source in sources(index)],
        "exporters": sorted({*extensions.exporters()} - {*FORMATS, NOTEBOOK}),
        "warnings": [
            {"message": message, "sentences": parts_of({"message": message})}
            for message in [*_warnings(services), *index.warnings]
        ],
        "envs_dir": str(services.envs_dir),
        "envs_dirs": [
            {
                "path": str(path),
                **(found if isinstance(found, dict) else {"writable": False, "free_bytes": None}),
                "reason": (reason := services.directories.fault(path)),
                "sentences": parts_of({"reason": reason}),
            }
            for path, found in _folders.run(folders).items()
        ],
        "limits": {
            "name_pattern": environment_names.PATTERN,
            "name_length": environment_names.LENGTH,
            "name_hint": environment_names.HINT,
            "sentences": parts_of({"name_hint": environment_names.HINT}),
            "reserved_names": list(environment_names.RESERVED),
            "undo_minutes": services.configuration.undo_minutes,
            "max_environments": services.configuration.max_environments or None,
            "max_bytes": bytes_in(services.configuration.max_bytes) or None,
            "import_bytes": MAX_BYTES,
            "import_pattern": FILE_PATTERN,
        },
    }


def _allowed(services: Services) -> list[dict[str, str]]:
    """Return the channels that a user may choose; a name that is no channel is left out."""
    from .conda.settings.allowed import AllowedChannels

    allowed = AllowedChannels(services.allowed_channels, services.conda)
    return [{"name": name, "url": urls[0]} for name in allowed.names if (urls := allowed.urls_of(name))]


def _warnings(services: Services) -> list[str]:
    """Return warnings: ignored settings, unusable directories, files that were not deleted, and faulty extensions."""
    from .conda.settings import network

    leftovers = (leftover.describe() for leftover in services.leftovers)
    directories = services.directories.warnings()
    conda = [*services.conda.warnings, *network.ignored(services.conda)]
    return [*services.configuration.warnings, *conda, *directories, *leftovers, *extensions.warnings()]


def _folder(path: Path) -> dict[str, Any]:
    from .disk.space import writable

    return {"writable": writable(path), "free_bytes": free_bytes(path)}


#: A drive that does not answer counts as not writable.
_folders = BoundedReads(_folder)
