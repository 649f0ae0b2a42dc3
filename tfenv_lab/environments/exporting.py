"""Read an environment as the contents of a file, to export it or to compare it with a file."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import extensions
from ..errors import InvalidRequest, JobFailed
from ..sentences import say
from ..tensorflow_packages import FIRST, rank

if TYPE_CHECKING:
    from ..conda.engine import PrefixRecord
    from ..conda.formats.model import Contents, Imported
    from ..conda.settings.channels import ChannelRef
    from ..conda.settings.condarc import CondaSettings
    from .models import Environment


async def export(environment: Environment, format_: str, detail: str, settings: CondaSettings) -> str:
    """Export an environment as the text of a file. Raises InvalidRequest for an unknown format or detail."""
    return await asyncio.to_thread(_export, environment, format_, detail, settings)


def _export(environment: Environment, format_: str, detail: str, settings: CondaSettings) -> str:
    from ..conda.formats import notebook
    from ..conda.formats import writing as exports
    from ..conda.formats.model import FORMATS, NOTEBOOK

    contents = read(environment, settings)
    if format_ == NOTEBOOK:
        return json.dumps(notebook.write(contents, _versions(environment)))
    if format_ not in FORMATS and format_ in extensions.exporters():
        return _by_extension(format_, contents)
    return exports.export(contents, format_, detail)


def _by_extension(format_: str, contents: Contents) -> str:
    """Let an extension write the file. Raises JobFailed."""
    from ..conda.formats.model import requested

    conda = [
        extensions.ExportedPackage(r.name.normalized, str(r.version), str(r.build), r.url or None, "conda")
        for r in contents.records
    ]
    urls = {each.name: each.url for each in contents.distributions}
    pypi = [extensions.ExportedPackage(p.name, p.version, None, urls.get(p.name), "pypi") for p in contents.pypi]
    channels = [ref.url for ref in contents.channels]
    asked = list(requested(contents).values())
    environment = extensions.ExportedEnvironment(
        contents.name, contents.subdir, [*conda, *pypi], asked, channels, dict(contents.variables)
    )
    try:
        return extensions.export(format_, environment)
    except extensions.ExtensionError as error:
        hint = say("Report this to the authors of the extension.")
        raise JobFailed(say("The exporter “{format}” failed.", format=format_), str(error), hint=hint) from error


def read(environment: Environment, settings: CondaSettings) -> Contents:
    """Return the contents of an environment for an export."""
    from ..conda.formats.model import Contents
    from ..conda.machine.virtual_packages import current_subdir
    from ..conda.prefix import overlays, wheels
    from ..conda.prefix.pypi import pypi_packages
    from ..conda.prefix.records import records
    from ..conda.prefix.state import requested_specs

    prefix = Path(environment.prefix)
    base = overlays.read(prefix)
    # An overlay is exported as one environment, with the packages of its base.
    places = [prefix] if base is None else [Path(base.prefix), prefix]
    installed, managed = records(places[0]), [wheels.read(place) for place in places]
    return Contents(
        environment.name,
        installed,
        requested_specs(places[0]),
        [package for place in places for package in pypi_packages(place)],
        _channels(installed, settings),
        current_subdir(),
        _variables(environment),
        tuple(each for part in managed for each in part.distributions),
        {name: text for part in managed for name, text in part.requirements.items()},
    )


def _variables(environment: Environment) -> dict[str, str]:
    """Return the variables that the environment sets, with that of its kernel's Keras 2 setting."""
    from ..conda.prefix import variables

    found = variables.read(Path(environment.prefix))
    return {**found, "TF_USE_LEGACY_KERAS": "1"} if environment.legacy_keras.enabled else found


def _channels(installed: list[PrefixRecord], settings: CondaSettings) -> list[ChannelRef]:
    """Return the channels that the packages came from: the configured ones in their order, then the others."""
    from ..conda.settings.condarc import resolve_channel

    urls = dict.fromkeys(record.url.rsplit("/", 1)[0] for record in installed if record.url)
    used = dict.fromkeys(resolve_channel(url, settings) for url in urls)
    known = [ref for ref in settings.channels if ref in used]
    return [*known, *(ref for ref in used if ref not in known)] or list(settings.channels)


async def differences(environment: Environment, content: str, settings: CondaSettings) -> list[dict[str, Any]]:
    """Compare an environment with a file: return ``{name, recorded, installed}`` of each package that differs.

    ``recorded`` and ``installed`` are strings or None. Of a notebook record without exact packages for this platform,
    only the versions of TensorFlow, Keras and Python are compared. Raises InvalidRequest if the file cannot be read, is
    for another platform, or has no exact packages.
    """
    return await asyncio.to_thread(_differences, environment, content, settings)


def _differences(environment: Environment, content: str, settings: CondaSettings) -> list[dict[str, Any]]:
    from ..conda.formats import notebook, reading
    from ..conda.formats.model import NOTEBOOK
    from ..conda.formats.untrusted import parse_json
    from ..conda.machine.virtual_packages import current_subdir

    file = reading.read(content, None, current_subdir())
    if file.format == NOTEBOOK and file.pinned is None:
        versions = notebook.find(parse_json(content)) or {}
        return _differing({name: versions.get(name) for name in FIRST}, _versions(environment))
    recorded = _packages(file)
    contents = read(environment, settings)
    installed = {r.name.normalized: f"{r.version} {r.build}" for r in contents.records}
    installed |= {say("{name} (pip)", name=package.name): package.version for package in contents.pypi}
    return _differing(recorded, installed)


def _differing(recorded: Mapping[str, str | None], installed: Mapping[str, str | None]) -> list[dict[str, Any]]:
    names = [name for name in recorded.keys() | installed.keys() if recorded.get(name) != installed.get(name)]
    names.sort(key=lambda name: (rank(name), name))
    return [{"name": name, "recorded": recorded.get(name), "installed": installed.get(name)} for name in names]


def _versions(environment: Environment) -> dict[str, str | None]:
    """Return the versions that a notebook record has besides its packages."""
    return {
        "python": environment.python,
        "tensorflow": environment.tensorflow.version if environment.tensorflow else None,
        "keras": environment.keras.version if environment.keras else None,
    }


def _packages(file: Imported) -> dict[str, str]:
    """Return the version and build of each package by name; pip packages have no build."""
    from ..conda.formats import exact
    from ..pypi.names import normalize

    if file.pinned is None:
        raise InvalidRequest(say("The file has no exact packages to compare with."))
    found = {}
    for package in file.pinned:
        name, version, build = exact.parts(package.url)
        found[name] = f"{version} {build}"
    for locked in file.index.packages:
        found[f"{locked.name} (pip)"] = locked.version
    for requirement in file.pypi:
        name, _, version = requirement.partition("==")
        found[f"{normalize(name)} (pip)"] = version
    return found
