"""Say what helps if a file has no solution: similar names, another Python, its packages without builds or versions."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from .. import serde
from ..errors import SolverTimeout, TfenvError, Unsatisfiable

if TYPE_CHECKING:
    from ..conda.formats.model import Imported
    from ..conda.repodata.repodata import Repodata
    from ..errors import Alternative
    from ..plan_requests import Import

_VERSIONS = ("Keep the versions, drop the builds", {"builds": "versions"})
_NAMES = ("Keep only the names", {"builds": "names"})
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


async def explained(error: Unsatisfiable, request: Import, asked: Mapping[str, str], source: Repodata) -> Unsatisfiable:
    """Return the error of a file without a solution, with what would help."""
    from ..tensorflow.catalog.nearby import correct

    names = await source.names()
    known = set(names)
    missing = [name for name in asked if name not in known and not name.startswith("__")]
    details = summary(error.details or "")
    built = sum(1 for text in asked.values() if len(text.split(" ")) > 2)
    exact = await _absent_builds(asked, source)
    counted = f"No channel has {len(exact)} of the {built} exact builds in the file"
    if missing:
        words = await asyncio.to_thread(correct, missing, names, len(missing))
        told = str(words) if words else error.message
        if exact:
            told += f" {counted}."
        platform = _foreign(missing, source.subdir)
        if platform:
            told += f" The file was probably written on {platform}."
        offers = [_VERSIONS, _NAMES] if request.builds == "exact" and (exact or platform) else []
        hint = "Leave these packages out, or correct their names."
        if offers:
            hint = "Import the file without its builds or versions. Packages that no channel has are then left out."
        return Unsatisfiable(told, details, hint, alternatives(request, *offers))
    if exact and request.builds == "exact":
        message = f"{counted}, such as “{exact[0]}”."
        hint = "Import the file without its builds, or only with the names of its packages."
        return Unsatisfiable(message, details, hint, without_builds(request))
    python = await _other_python(asked, source)
    if python is not None:
        message = f"{error.message} Python {python} works instead of “{asked['python']}”."
        return Unsatisfiable(message, details, f"Write “python={python}” in the file.")
    offers = [_VERSIONS, _NAMES] if any(" " in text for text in asked.values()) and request.builds == "exact" else []
    return Unsatisfiable(error.message, details, error.hint, alternatives(request, *offers))


def summary(tree: str) -> str:
    """Return the solver's tree with three lines before it that say what is requested, what is missing, and how much."""
    lines = tree.splitlines()
    if len(lines) < 4:
        return tree
    plain = [re.sub(r"^[│├└─\s]+", "", line) for line in lines]
    roots = [line.split(" can")[0] for line in lines if not line.startswith(("│", "├", "└", " "))]
    if roots and roots[0].startswith("The following"):
        roots = [line.split(" can")[0] for line in _second(lines)]
    cause = next((line for line in reversed(plain) if "no candidates" in line or "conflicts" in line), plain[-1])
    head = [
        f"Cannot be installed together: {'; '.join(roots[:5])}.",
        f"The last obstacle: {cause.rstrip('.,:;')}.",
        f"The solver's whole explanation has {len(lines)} lines:",
    ]
    return "\n".join([*head, "", *lines])


def _second(lines: Sequence[str]) -> list[str]:
    """Return the lines of a tree's second level, without the lines that draw it."""
    return [line[3:] for line in lines if line.startswith(("├─ ", "└─ "))]


def _foreign(missing: Iterable[str], subdir: str) -> str | None:
    here = _FAMILY.get(subdir.partition("-")[0])
    names = set(missing)
    return next((platform for platform, own in _FOREIGN.items() if platform != here and names & own), None)


async def _absent_builds(asked: Mapping[str, str], source: Repodata) -> list[str]:
    """Return the specs with a build that no package on the channels satisfies."""
    from ..conda.solving import specs

    built = {name: text for name, text in asked.items() if len(text.split(" ")) > 2}
    records: dict[str, list[Any]] = {}
    for record in await source.records(built) if built else ():
        records.setdefault(record.name.normalized, []).append(record)
    return [
        text
        for name, text in built.items()
        if not any(specs.satisfied(text, record) for record in records.get(name, ()))
    ]


async def _other_python(asked: Mapping[str, str], source: Repodata) -> str | None:
    """Return the newest other minor version of Python with which the specs have a solution."""
    from ..conda.machine import virtual_packages
    from ..conda.solving.solve import solve
    from ..conda.solving.specs import version_key
    from ..versions import minor_of

    if " " not in asked.get("python", ""):
        return None
    virtual = await asyncio.to_thread(virtual_packages.detect, virtual_packages.overrides(source.settings))
    try:
        records = await solve(source, {**asked, "python": "python"}.values(), virtual_packages=virtual)
    except (Unsatisfiable, SolverTimeout, TfenvError):
        return None
    found = [minor_of(record.version) for record in records if record.name.normalized == "python"]
    return max(found, key=version_key, default=None)
