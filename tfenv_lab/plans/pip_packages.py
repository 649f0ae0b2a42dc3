"""Warn about what a change does to the packages that pip installed in an environment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PathDistribution
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.version import InvalidVersion, Version

from ..models import Advice
from ..sentences import listing, say
from ..versions import minor_of
from .models import Entry

if TYPE_CHECKING:
    from ..conda.prefix.pypi import PypiPackage
    from .solved import Solved


def warnings(solved: Solved, lines: Sequence[Entry]) -> Iterator[Advice]:
    """Yield the warnings. ``lines`` are the packages that change, compared with the original in case of a copy."""
    if not solved.before:
        return
    from ..conda.prefix.pypi import pypi_packages
    from ..pypi.names import normalize

    # The solver of the index takes care of its own packages.
    ours = {each.name for each in (*solved.distributions_before, *solved.distributions)}
    if solved.damages and solved.source is None:
        # A repair says itself what it removes.
        ours.update(solved.others_removed)
    found = pypi_packages(solved.source or solved.prefix)
    by_pip = {package.name: package for package in found if package.name not in ours}
    moved = {normalize(entry.name): entry for entry in lines}
    replaced = _replaced(solved, found, moved)
    if replaced:
        yield Advice(
            "pip-overwritten",
            "warning",
            listing(
                "These packages were installed from a path or a URL. This change replaces them with packages of the "
                "same names from the package index, which may be others: {items}.",
                replaced,
            ),
        )
    laid_over = sorted(name for name in by_pip if name in moved and moved[name].to)
    taken = sorted(name for name in by_pip if name in moved and not moved[name].to)
    if laid_over:
        yield Advice(
            "pip-overwritten",
            "warning",
            listing("This change overwrites packages that pip installed with conda's: {items}.", laid_over),
        )
    if taken:
        yield Advice(
            "pip-broken",
            "warning",
            say(
                "pip replaced conda's {taken}. This change removes conda's files, and some of pip's with them.",
                taken=", ".join(taken),
            ),
        )
    others = {name: package for name, package in by_pip.items() if name not in moved}
    if _python_moves(moved):
        if others:
            yield Advice(
                "pip-left-behind",
                "warning",
                listing("The new Python version does not see packages that pip installed: {items}.", sorted(others)),
            )
        return
    broken = [text for name in sorted(others) for text in _unmet(others[name], moved)]
    if broken:
        yield Advice(
            "pip-broken", "warning", listing("This change may break packages that pip installed: {items}.", broken)
        )


def _replaced(solved: Solved, found: Sequence[PypiPackage], moved: Mapping[str, Entry]) -> list[str]:
    """Return the packages that pip or uv installed from a path or a URL, and that the index replaces."""
    ours = {each.name for each in solved.distributions_before if each.url}
    new = {each.name for each in solved.distributions if not _is_url(solved.requirements.get(each.name))}
    return sorted(
        package.name
        for package in found
        if package.is_direct and package.name in moved and package.name in new and package.name not in ours
    )


def _is_url(text: str | None) -> bool:
    return text is not None and Requirement(text).url is not None


def _python_moves(moved: Mapping[str, Entry]) -> bool:
    python = moved.get("python")
    if python is None or python.from_ is None:
        return False
    versions = [minor_of(side["version"]) if side else None for side in (python.from_, python.to)]
    return versions[0] != versions[1]


def _unmet(package: PypiPackage, moved: Mapping[str, Entry]) -> Iterator[str]:
    """Yield the requirements of a pip package that are met now but not after the change."""
    from ..pypi.names import normalize

    for text in PathDistribution(package.dist_info).requires or ():
        try:
            wanted = Requirement(text)
            entry = moved.get(normalize(wanted.name))
            if entry is None or entry.from_ is None or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
                continue
            if not wanted.specifier.contains(Version(entry.from_["version"]), prereleases=True):
                continue
            will = entry.to["version"] if entry.to else None
            if will is None or not wanted.specifier.contains(Version(will), prereleases=True):
                becomes = say("changes to {will}", will=will) if will else say("is removed")
                versions = f" {wanted.specifier}" if wanted.specifier else ""
                yield say(
                    "{name} needs {name_2}{versions}, which {becomes}",
                    name=package.name,
                    name_2=wanted.name,
                    versions=versions,
                    becomes=becomes,
                )
        except (InvalidRequirement, InvalidVersion):
            continue
