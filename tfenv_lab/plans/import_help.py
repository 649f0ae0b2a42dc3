"""Say what helps if a file has no solution: similar names, another Python, its packages without builds or versions."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from .. import serde
from ..errors import SolverTimeout, Unsatisfiable
from ..sentences import joined, say
from . import import_missing

if TYPE_CHECKING:
    from ..conda.formats.model import Imported
    from ..conda.repodata.repodata import Repodata
    from ..errors import Alternative
    from ..plan_requests import Import

#: Returns which of some projects a package index has.
OnIndex = Callable[[Iterable[str]], Awaitable[set[str]]]

_VERSIONS = (say("Keep the versions, drop the builds"), {"builds": "versions"})
_NAMES = (say("Keep only the names"), {"builds": "names"})
#: Packages that only one platform has, as files that were exported there name them.
_FOREIGN = {
    "macOS": {"appnope", "libcxx", "python.app", "pyobjc-core"},
    "Windows": {"vc", "vc14_runtime", "vs2015_runtime", "ucrt", "pywin32", "pywinpty", "wincertstore", "icc_rt"},
    "Linux": {"libgcc-ng", "libstdcxx-ng", "ld_impl_linux-64", "_libgcc_mutex", "_openmp_mutex"},
}
_FAMILY = {"linux": "Linux", "osx": "macOS", "win": "Windows"}


def alternatives(request: Import, *changes: tuple[str, Mapping[str, Any]]) -> list[Alternative]:
    """Return the request with changed fields, for buttons."""
    return [
        {"label": label, "plan_request": serde.to_json(msgspec.structs.replace(request, **change))}
        for label, change in changes
    ]


def without_builds(request: Import) -> list[Alternative]:
    """Return the request without builds, and without versions."""
    return alternatives(request, _VERSIONS, _NAMES)


def simplified(found: Imported, builds: str) -> dict[str, str]:
    """Return the specs of a file by name, with their versions if ``builds`` is ``versions``, otherwise the names."""
    from ..conda.formats import exact
    from ..conda.solving import specs

    texts: dict[str, str] = {}
    for package in found.pinned or ():
        name, version, _ = exact.parts(package.url)
        texts[name] = f"{name} =={version}" if builds == "versions" else name
    for text in () if found.pinned else found.specs:
        parts = specs.parts_of(text)
        texts[parts.name] = " ".join(filter(None, (parts.name, parts.version if builds == "versions" else "")))
    return texts


@dataclass(frozen=True)
class Search:
    """Where packages are looked for: the channels of the solve, other allowed ones, and a package index."""

    source: Repodata
    others: Repodata | None
    on_index: OnIndex


async def explained(error: Unsatisfiable, request: Import, asked: Mapping[str, str], search: Search) -> Unsatisfiable:
    """Return the error of a file without a solution, with everything that would help."""
    source = search.source
    known = set(await source.names())
    missing = [name for name in asked if name not in known and not name.startswith("__")]
    built = sum(1 for text in asked.values() if _has_build(text))
    absent = await _absent(asked, source)
    exact = [text for text in absent.values() if _has_build(text)]
    platform = _foreign(missing, source.subdir)
    is_export = bool(exact or platform) and request.builds == "exact"
    told: list[str] = []
    ways: list[tuple[str, Mapping[str, Any]]] = [_VERSIONS, _NAMES] if is_export else []
    hint = error.hint
    if missing:
        found = await import_missing.look_up(missing, asked, source, search.others, search.on_index, is_export)
        told += found.sentences
        hint = say("Leave these packages out, or correct their names.")
        if is_export:
            hint = say(
                "Import the file without its builds or versions. Packages that no channel has are then left out."
            )
    if exact:
        counted = say("No channel has {count} of the {built} exact builds in the file", count=len(exact), built=built)
        told.append(counted + "." if missing else say("{counted}, such as “{exact}”.", counted=counted, exact=exact[0]))
        if not missing and request.builds == "exact":
            hint = say("Import the file without its builds, or only with the names of its packages.")
    if platform:
        told.append(say("The file was probably written on {platform}.", platform=platform))
    if not is_export:
        # The packages that are not missing may have no solution either.
        freed: dict[str, str | None] = {name: name for name, text in absent.items() if not _has_build(text)}
        told += [
            say(
                "No channel has “{absent}”; the newest is {newest}.",
                absent=absent[name],
                newest=await _newest(name, source),
            )
            for name in freed
        ]
        present = {name: freed.get(name) or text for name, text in asked.items() if name not in missing}
        python = await _other_python(present, source)
        if python is not None:
            told = [
                *(told or [error.message]),
                say("Python {python} works instead of “{python_2}”.", python=python, python_2=asked["python"]),
            ]
            hint = hint or say("Write “python={python}” in the file.", python=python)
            freed["python"] = f"python {python}.*"
        offers = found.replacements if missing else [{}] if freed else []
        ways += [_way(request, {**each, **freed}) for each in offers]
    if not ways and request.builds == "exact":
        ways = [*([_VERSIONS] if built else []), *([_NAMES] if any(" " in text for text in asked.values()) else [])]
    return Unsatisfiable(joined(" ", told) or error.message, error.details, hint, alternatives(request, *ways))


def _has_build(text: str) -> bool:
    return len(text.split(" ")) > 2


def _way(request: Import, replacements: Mapping[str, str | None]) -> tuple[str, Mapping[str, Any]]:
    return import_missing.label(replacements), {"replacements": {**request.replacements, **replacements}}


def _foreign(missing: Iterable[str], subdir: str) -> str | None:
    here = _FAMILY.get(subdir.partition("-")[0])
    names = set(missing)
    return next((platform for platform, own in _FOREIGN.items() if platform != here and names & own), None)


async def _absent(asked: Mapping[str, str], source: Repodata) -> dict[str, str]:
    """Return the specs, by name, that no package of this name on the channels satisfies.

    A spec without a build does not count if no channel has the name.
    """
    from ..conda.solving import specs

    wanted = {name: text for name, text in asked.items() if " " in text}
    records: dict[str, list[Any]] = {}
    for record in await source.records(wanted) if wanted else ():
        records.setdefault(record.name.normalized, []).append(record)
    return {
        name: text
        for name, text in wanted.items()
        if (name in records or _has_build(text))
        and not any(specs.satisfied(text, record) for record in records.get(name, ()))
    }


async def _newest(name: str, source: Repodata) -> str:
    from ..conda.solving.specs import version_key

    return max((str(record.version) for record in await source.records({name})), key=version_key)


async def _other_python(asked: Mapping[str, str], source: Repodata) -> str | None:
    """Return the newest other minor version of Python with which specs without a solution have one, or None."""
    from ..conda.machine import virtual_packages
    from ..conda.solving.solve import solve
    from ..conda.solving.specs import version_key
    from ..versions import minor_of

    if " " not in asked.get("python", ""):
        return None
    virtual = await asyncio.to_thread(virtual_packages.detect, virtual_packages.overrides(source.settings))
    with contextlib.suppress(Unsatisfiable):
        await solve(source, asked.values(), virtual_packages=virtual)
        return None
    try:
        records = await solve(source, {**asked, "python": "python"}.values(), virtual_packages=virtual)
    except (Unsatisfiable, SolverTimeout):
        return None
    found = [minor_of(record.version) for record in records if record.name.normalized == "python"]
    return max(found, key=version_key, default=None)
