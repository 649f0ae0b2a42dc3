"""Turn an imported file into the records of a new environment: solve its specs, or take its exact packages."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from msgspec import structs

from ..conda.prefix.records import by_name
from ..errors import ChannelNotAllowed, InvalidRequest, TfenvError, Unsatisfiable
from ..models import Advice
from ..pypi import requirements
from ..pypi.models import IndexLock
from ..sentences import listing, say
from . import import_channels, import_help, import_index, installed_state, sources
from .channel_choice import on
from .import_cuda import solve

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord
    from ..conda.formats.model import Imported
    from ..conda.repodata.repodata import Repodata
    from ..conda.settings.channels import ChannelRef
    from ..plan_requests import Import
    from .import_channels import Permission
    from .import_help import OnIndex


@dataclass(frozen=True)
class Resolved:
    """The contents of a file, resolved for this machine.

    ``specs`` are the specs that were solved, on ``channels``; both are empty for exact packages. ``pypi`` are the
    requirements for a package index, and ``index`` what the file says exactly about packages from there. ``variables``
    are those that the environment sets, and ``notes`` warnings about what could not be honored.
    """

    records: Sequence[RepoDataRecord]
    requested: dict[str, str]
    specs: tuple[str, ...]
    cuda: str | None
    virtual: Sequence[GenericVirtualPackage]
    notes: tuple[Advice, ...]
    pypi: tuple[str, ...]
    channels: tuple[ChannelRef, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    index: IndexLock = field(default_factory=IndexLock)
    is_notebook: bool = False


async def resolve(request: Import, repodata: Repodata, permission: Permission, on_index: OnIndex) -> Resolved:
    """Read a file and resolve its packages. ``on_index`` returns which of some projects a package index has.

    Raises InvalidRequest, InvalidSpec, ChannelNotAllowed, Unsatisfiable, ChannelUnreachable.
    """
    from ..conda.formats import reading
    from ..conda.formats.model import NOTEBOOK, SOLVE_AGAIN, Choice
    from ..conda.formats.untrusted import require_few

    choice = Choice(request.lock_environment, request.categories, any_platform=request.builds != "exact")
    try:
        found = await asyncio.to_thread(reading.read, request.content, request.format, repodata.subdir, choice)
    except InvalidRequest as error:
        alternatives = import_help.without_builds(request) if error.hint == SOLVE_AGAIN else ()
        raise InvalidRequest(error.message, error.details, error.hint, alternatives) from error
    require_few(len(found.specs) + len(found.pypi) + len(found.pinned or ()) + len(found.index.packages))
    if found.pinned is not None and request.builds == "exact":
        for name in ("packages", "replacements"):
            if getattr(request, name):
                raise InvalidRequest(say("“{name}” cannot be used with a file of exact packages.", name=name))
    if request.builds != "exact":
        return await _simplified(request, found, repodata, permission, on_index)
    if found.pinned is None:
        return await _solved(request, found, repodata, permission, on_index)
    import_index.require_python(request, found)
    try:
        return await _exact(request, found, repodata, permission)
    except (ChannelNotAllowed, InvalidRequest) as error:
        if found.format != NOTEBOOK or not found.specs:
            ways = [*import_help.without_builds(request), *error.alternatives]
            raise type(error)(error.message, error.details, error.hint, ways) from error
        # A notebook records both: if its exact packages are not available, its requested specs can still be solved.
        note = say("{message} The notebook's requested packages are solved again instead.", message=error.message)
        index = structs.replace(found.index, detail="versions")
        again = replace(found, notes=(*found.notes, note), index=index)
        return await _solved(request, again, repodata, permission, on_index)


async def _simplified(
    request: Import, found: Imported, repodata: Repodata, permission: Permission, on_index: OnIndex
) -> Resolved:
    """Solve the packages of a file without their builds, or also without their versions."""
    specs = import_help.simplified(found, request.builds)
    names = set(await repodata.names())
    gone = sorted(name for name in specs if name not in names and not name.startswith("__"))
    notes = []
    if gone:
        notes.append(
            listing(
                "No channel has these packages for {subdir}; they are left out: {items}.", gone, subdir=repodata.subdir
            )
        )
    kept = tuple(text for name, text in specs.items() if name not in gone)
    if specs and not kept:
        raise InvalidRequest(say("No channel has any of the packages in the file."), ", ".join(gone))
    # The addresses in a lock name its channels, but here the packages come from the allowed ones.
    index = structs.replace(found.index, detail=request.builds)
    without = replace(found, specs=kept, pinned=None, notes=(*found.notes, *notes), index=index)
    return await _solved(request, without, repodata, permission, on_index)


async def _solved(
    request: Import, found: Imported, repodata: Repodata, permission: Permission, on_index: OnIndex
) -> Resolved:
    from ..conda.settings.allowed import AllowedChannels
    from ..conda.solving import specs

    texts = _replaced(found.specs, request.replacements)
    of_index = [requirements.parse(text) for text in texts if sources.is_for_index(text)]
    texts = [text for text in texts if not sources.is_for_index(text)]
    on_channels = [text for text in request.packages if not sources.is_for_index(text)]
    channels_named = [
        channel for text in (*texts, *on_channels) if (channel := specs.parts_of(text).channel) is not None
    ]
    wanted_channels = list(dict.fromkeys((*found.channels, *channels_named)))
    urls, notes = import_channels.choose(request, wanted_channels, repodata, permission)
    named = AllowedChannels([*permission.names, *wanted_channels], repodata.settings)
    added, added_of_index = import_index.added(request, found, lambda text: str(specs.parse(text, named)))
    pypi = (*found.pypi, *of_index, *added_of_index)
    wanted = [*(str(specs.parse(text, named)) for text in texts), *added]
    if pypi and not found.index.packages and "pip" not in specs.by_name(wanted):
        wanted.append("pip")
    if found.index.packages and "python" not in specs.by_name(wanted):
        wanted.append("python")
    asked = specs.by_name(wanted)
    source = on(repodata, urls)
    try:
        records, cuda, virtual, assumed = await solve(request, asked, source)
    except Unsatisfiable as error:
        left = [url for url in permission.urls(repodata) if url not in {ref.url for ref in source.settings.channels}]
        search = import_help.Search(source, on(repodata, left) if left else None, on_index)
        explained = await import_help.explained(error, request, asked, search)
        raise import_channels.with_left_out(explained, notes) from error
    notes += as_warnings(assumed)
    channels = source.settings.channels
    return Resolved(
        records,
        asked,
        tuple(asked.values()),
        cuda,
        virtual,
        (*as_warnings(found.notes), *notes),
        pypi,
        channels,
        found.variables,
        found.index,
    )


def _replaced(texts: Iterable[str], replacements: Mapping[str, str | None]) -> list[str]:
    """Return the specs of a file with those of a request in place of some of them."""
    from ..conda.solving import specs

    found: list[str] = []
    used = set()
    for text in texts:
        name = specs.parts_of(text).name
        if name not in replacements:
            found.append(text)
        elif name not in used:
            found += filter(None, [replacements[name]])
            used.add(name)
    for name in replacements:
        if name not in used:
            raise InvalidRequest(say("“replacements” names “{name}”, which the file does not request.", name=name[:60]))
    return found


def as_warnings(notes: Iterable[str]) -> list[Advice]:
    """Return the warnings for notes on what could not be honored."""
    return [Advice("import-not-honoured", "warning", note) for note in notes]


async def _exact(request: Import, found: Imported, repodata: Repodata, permission: Permission) -> Resolved:
    from ..conda.formats import exact
    from ..conda.formats.model import NOTEBOOK
    from ..conda.machine import virtual_packages

    permitted = permission.urls(repodata)
    named = list(dict.fromkeys(filter(None, (exact.channel_of(package.url) for package in found.pinned or ()))))
    warned: list[Advice] = []
    if not set(named) <= set(permitted):
        permitted, warned = import_channels.choose_exact(request, named, repodata, permission)
    places = [(exact.address(package.url, permitted, repodata.subdir), package) for package in found.pinned or ()]
    channels = dict.fromkeys(place.channel for place, _ in places)
    records, notes = await exact.records(places, on(repodata, channels))
    requested = _still_true(found.specs, records, permission.names)
    if not requested:
        # The file does not say what was requested: assume the packages that no other package needs.
        requested = installed_state.leaves(installed_state.State(records, {}))
    virtual = await asyncio.to_thread(virtual_packages.detect, virtual_packages.overrides(repodata.settings))
    notes += exact.unmet(records, virtual)
    warned += as_warnings([*found.notes, *notes])
    return Resolved(
        records,
        requested,
        (),
        None,
        virtual,
        tuple(warned),
        found.pypi,
        variables=found.variables,
        index=found.index,
        is_notebook=found.format == NOTEBOOK,
    )


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
