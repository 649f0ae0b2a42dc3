"""What sets an environment apart from what a file records."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from ..errors import InvalidRequest
from .exporting import read

if TYPE_CHECKING:
    from ..conda.condarc import CondaSettings
    from ..conda.importing import Imported
    from .models import Environment

#: What an environment is about comes before the rest.
_LEADING = ("tensorflow", "keras", "python")


async def differences(environment: Environment, content: str, settings: CondaSettings) -> list[dict[str, Any]]:
    """Return the packages in which an environment and a file differ: ``{name, recorded, installed}``, texts or None.

    Raises InvalidRequest for a file that is none, is for another platform, or holds no exact packages.
    """
    return await asyncio.to_thread(_differences, environment, content, settings)


def _differences(environment: Environment, content: str, settings: CondaSettings) -> list[dict[str, Any]]:
    from ..conda import importing, platform

    file = importing.read(content, None, platform.subdir())
    recorded = _packages(file)
    contents = read(environment, settings)
    installed = {r.name.normalized: f"{r.version} {r.build}" for r in contents.records}
    installed |= {f"{package.name} (pip)": package.version for package in contents.pypi}
    names = [name for name in recorded.keys() | installed.keys() if recorded.get(name) != installed.get(name)]
    names.sort(key=lambda name: (_LEADING.index(name) if name in _LEADING else len(_LEADING), name))
    return [{"name": name, "recorded": recorded.get(name), "installed": installed.get(name)} for name in names]


def _packages(file: Imported) -> dict[str, str]:
    """Return version and build by name; pip's packages have no build."""
    from ..conda import pinned
    from ..conda.pypi import normalize

    if file.pinned is None:
        raise InvalidRequest("The file holds no exact packages to compare with.")
    found = {}
    for package in file.pinned:
        name, version, build = pinned.parts(package.url)
        found[name] = f"{version} {build}"
    for requirement in file.pypi:
        name, _, version = requirement.partition("==")
        found[f"{normalize(name)} (pip)"] = version
    return found
