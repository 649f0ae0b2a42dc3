"""Turn an imported file into the records of a new environment: solve its specs, or take its exact packages."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import variants
from ..conda.prefix.records import by_name, names_of
from ..errors import ChannelNotAllowed, InvalidRequest, TfenvError
from . import installed_state

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord
    from ..conda.formats.model import Imported
    from ..conda.repodata.repodata import Repodata
    from ..conda.settings.channels import ChannelRef
    from .requests import Import


@dataclass(frozen=True)
class Resolved:
    """The contents of a file, resolved for this machine.

    ``specs`` are the specs that were solved, on ``channels``; both are empty for exact packages. ``pypi`` are the
    requirements that pip installs after the records, and ``notes`` are sentences about what could not be honored.
    """

    records: Sequence[RepoDataRecord]
    requested: dict[str, str]
    specs: tuple[str, ...]
    cuda: str | None
    virtual: Sequence[GenericVirtualPackage]
    notes: tuple[str, ...]
    pypi: tuple[str, ...]
    channels: tuple[ChannelRef, ...] = ()


async def resolve(request: Import, repodata: Repodata, allowed: Sequence[str]) -> Resolved:
    """Read a file and resolve its packages. ``allowed`` are channel names.

    Raises InvalidRequest, InvalidSpec, ChannelNotAllowed, Unsatisfiable, ChannelUnreachable.
    """
    from ..conda.formats import reading
    from ..conda.formats.model import NOTEBOOK

    found = await asyncio.to_thread(reading.read, request.content, request.format, repodata.subdir)
    if found.pinned is None:
        return await _solved(found, repodata, allowed)
    try:
        return await _exact(found, repodata, allowed)
    except (ChannelNotAllowed, InvalidRequest) as error:
        if found.format != NOTEBOOK or not found.specs:
            raise
        # A notebook records both: if its exact packages are not available, its requested specs can still be solved.
        note = f"{error.message} The notebook's requested packages are solved again instead."
        return await _solved(replace(found, notes=(*found.notes, note)), repodata, allowed)


async def _solved(found: Imported, repodata: Repodata, allowed: Sequence[str]) -> Resolved:
    from ..conda.machine import virtual_packages
    from ..conda.settings.allowed import AllowedChannels
    from ..conda.solving import specs
    from ..conda.solving.solve import solve

    permitted = _urls(allowed, repodata)
    urls: dict[str, None] = {}
    for text in found.channels:
        _require_permitted(text, repodata)
        for url in _urls([text], repodata):
            if url not in permitted:
                raise ChannelNotAllowed(f"The channel “{text[:120]}” is not allowed.")
            urls[url] = None
    named = AllowedChannels([*allowed, *found.channels], repodata.settings)
    wanted = [str(specs.parse(text, named)) for text in found.specs]
    if found.pypi and "pip" not in specs.by_name(wanted):
        wanted.append("pip")
    asked = specs.by_name(wanted)
    # A spec that names a CUDA build requests it even on a machine without a driver.
    builds = (variants.cuda_of(name, build) for name, build in _builds(asked))
    overrides = virtual_packages.overrides(repodata.settings)
    detected = await asyncio.to_thread(virtual_packages.detect, overrides)
    cuda = next((version for version in builds if version), None)
    if cuda is None or virtual_packages.version_of(detected, "__cuda") is not None:
        cuda, virtual = None, detected
    else:
        virtual = virtual_packages.detect(overrides, cuda)
    source = _on(repodata, urls)
    records = await solve(source, wanted, virtual_packages=virtual)
    channels = source.settings.channels
    return Resolved(records, asked, tuple(asked.values()), cuda, virtual, found.notes, found.pypi, channels)


async def _exact(found: Imported, repodata: Repodata, allowed: Sequence[str]) -> Resolved:
    from ..conda.formats import exact
    from ..conda.machine import virtual_packages

    permitted = _urls(allowed, repodata)
    places = [(exact.address(package.url, permitted, repodata.subdir), package) for package in found.pinned or ()]
    channels = dict.fromkeys(place.channel for place, _ in places)
    records, notes = await exact.records(places, _on(repodata, channels))
    requested = _still_true(found.specs, records, allowed)
    if not requested:
        # The file does not say what was requested: assume the packages that no other package needs.
        requested = installed_state.leaves(installed_state.State(records, {}))
    virtual = await asyncio.to_thread(virtual_packages.detect, virtual_packages.overrides(repodata.settings))
    notes += exact.unmet(records, virtual)
    pypi = found.pypi
    if pypi and "pip" not in names_of(records):
        notes.append(f"The file lists pip packages but not pip itself; they are skipped: {', '.join(pypi[:10])}.")
        pypi = ()
    return Resolved(records, requested, (), None, virtual, (*found.notes, *notes), pypi)


def _urls(names: Iterable[str], repodata: Repodata) -> list[str]:
    """Return the clean URLs of channel names. Raises ChannelNotAllowed if a text is not a channel."""
    from ..conda.settings.condarc import resolve_channels

    urls = []
    for name in names:
        try:
            urls += [ref.url for ref in resolve_channels(name, repodata.settings)]
        except ValueError as error:
            raise ChannelNotAllowed(f"“{name[:120]}” is not a channel.") from error
    return urls


def _require_permitted(text: str, repodata: Repodata) -> None:
    """Raise ChannelNotAllowed if condarc forbids a channel; the error names condarc's key."""
    from ..conda.settings.condarc import require_permitted, resolve_channels

    with contextlib.suppress(ValueError):
        require_permitted(resolve_channels(text, repodata.settings), repodata.settings)


def _on(repodata: Repodata, urls: Iterable[str]) -> Repodata:
    """Return the repodata of these channels, in this order; of the configured channels if ``urls`` is empty."""
    from ..conda.repodata.repodata import Repodata
    from ..conda.settings.condarc import with_channels

    wanted = list(urls)
    if not wanted or wanted == [ref.url for ref in repodata.settings.channels]:
        return repodata
    return Repodata(with_channels(repodata.settings, wanted), repodata.subdir)


def _builds(asked: dict[str, str]) -> list[tuple[str, str]]:
    """Return the name and build of each spec that names a build."""
    split = [(name, text.split(" ")) for name, text in asked.items()]
    return [(name, parts[2].rstrip("*")) for name, parts in split if len(parts) > 2]


def _still_true(texts: Iterable[str], records: Sequence[RepoDataRecord], allowed: Sequence[str]) -> dict[str, str]:
    """Return, by name, the requested specs in a lock that its packages satisfy; the others are outdated."""
    from ..conda.solving import specs

    found = by_name(records)
    kept = {}
    for text in texts:
        try:
            spec = str(specs.parse(text, allowed))
        except TfenvError:
            continue
        name = specs.name_of(spec)
        if name in found and specs.satisfied(spec, found[name]):
            kept[name] = spec
    return kept
