"""From an imported file to the records of a new environment: solved from its specs, or exactly its packages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import variants
from ..errors import ChannelNotAllowed, InvalidRequest, TfenvError
from . import change

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord
    from ..conda.formats.model import Imported
    from ..conda.repodata.repodata import Repodata
    from ..conda.settings.channels import ChannelRef
    from .requests import Import


@dataclass(frozen=True)
class Resolved:
    """What a file comes to on this machine. ``specs`` are what was solved, on ``channels``; both are empty for exact
    packages.

    ``pypi`` are requirements that pip installs after the records, ``notes`` sentences on what is not honoured.
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
    """Read a file and find its packages. ``allowed`` are channel names.

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
        # A notebook carries both: where its very packages cannot be had, what was asked for still can.
        note = f"{error.message} Its packages are found anew instead."
        return await _solved(replace(found, notes=(*found.notes, note)), repodata, allowed)


async def _solved(found: Imported, repodata: Repodata, allowed: Sequence[str]) -> Resolved:
    from ..conda.machine import virtual_packages
    from ..conda.solving import specs
    from ..conda.solving.solve import solve

    permitted = _urls(allowed, repodata)
    urls: dict[str, None] = {}
    for text in found.channels:
        for url in _urls([text], repodata):
            if url not in permitted:
                raise ChannelNotAllowed(f"The channel “{text[:120]}” is not allowed here.")
            urls[url] = None
    names = {*allowed, *found.channels}
    wanted = [str(specs.parse(text, names)) for text in found.specs]
    if found.pypi and "pip" not in specs.by_name(wanted):
        wanted.append("pip")
    asked = specs.by_name(wanted)
    # Asking for a CUDA build by name is asking for it on a machine without a driver too.
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
        # The file does not tell: what nothing else needs is what somebody wanted.
        requested = change.leaves(change.State(records, {}))
    virtual = await asyncio.to_thread(virtual_packages.detect, virtual_packages.overrides(repodata.settings))
    notes += exact.unmet(records, virtual)
    pypi = found.pypi
    if pypi and "pip" not in {record.name.normalized for record in records}:
        notes.append(f"The file has no pip to install what it lists for it: {', '.join(pypi[:10])}.")
        pypi = ()
    return Resolved(records, requested, (), None, virtual, (*found.notes, *notes), pypi)


def _urls(names: Iterable[str], repodata: Repodata) -> list[str]:
    """Return the clean URLs that channel names stand for. Raises ChannelNotAllowed for what is no channel."""
    from ..conda.settings.condarc import resolve_channels

    urls = []
    for name in names:
        try:
            urls += [ref.url for ref in resolve_channels(name, repodata.settings)]
        except ValueError as error:
            raise ChannelNotAllowed(f"“{name[:120]}” is not a channel.") from error
    return urls


def _on(repodata: Repodata, urls: Iterable[str]) -> Repodata:
    """Return repodata of these channels, in this order; of the configured ones where none are given."""
    from ..conda.repodata.repodata import Repodata
    from ..conda.settings.condarc import with_channels

    wanted = list(urls)
    if not wanted or wanted == [ref.url for ref in repodata.settings.channels]:
        return repodata
    return Repodata(with_channels(repodata.settings, wanted), repodata.subdir)


def _builds(asked: dict[str, str]) -> list[tuple[str, str]]:
    """Return name and build of the specs that give a build."""
    split = [(name, text.split(" ")) for name, text in asked.items()]
    return [(name, parts[2].rstrip("*")) for name, parts in split if len(parts) > 2]


def _still_true(texts: Iterable[str], records: Sequence[RepoDataRecord], allowed: Sequence[str]) -> dict[str, str]:
    """Return, by name, the requested specs in a lock that its packages meet; the rest is a comment gone stale."""
    from ..conda.solving import specs

    by_name = {record.name.normalized: record for record in records}
    kept = {}
    for text in texts:
        try:
            spec = str(specs.parse(text, allowed))
        except TfenvError:
            continue
        name = specs.name_of(spec)
        if name in by_name and specs.satisfied(spec, by_name[name]):
            kept[name] = spec
    return kept
