"""Bring the releases of channels and of a package index together, and choose the source of a new environment."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from ...conda.solving.specs import version_key
from ...plan_requests import Source
from ..models import Release
from . import index_releases, selection
from .cells import is_prerelease, python_key
from .index_releases import IndexListing
from .releases import KERNEL, Listing
from .selection import Chosen, Wanted


def merged(releases: Sequence[Release], on_index: IndexListing) -> list[Release]:
    """Return the releases of both sources, newest first. Of one version, the channel's variants come first.

    The newest stable release that can be installed is recommended.
    """
    found = {release.version: replace(release, recommended=False) for release in releases}
    for version in dict.fromkeys(cell.version for cell in on_index.cells):
        variants = on_index.variants(version)
        known = found.get(version)
        pythons = sorted({python for variant in variants for python in variant.python}, key=python_key)
        if known is None:
            found[version] = Release(
                version=version,
                python=pythons,
                variants=variants,
                keras=on_index.keras_with(version),
                published=on_index.published.get(version),
                prerelease=is_prerelease(version),
                recommended=False,
            )
        else:
            both = sorted({*known.python, *pythons}, key=python_key)
            found[version] = replace(known, python=both, variants=[*known.variants, *variants])
    ordered = sorted(found.values(), key=lambda release: version_key(release.version), reverse=True)
    best = next((r for r in ordered if not r.prerelease and any(v.installable for v in r.variants)), None)
    return [replace(release, recommended=release is best) for release in ordered]


def choose(wanted: Wanted, listing: Listing, on_index: IndexListing, names: Collection[str]) -> Chosen:
    """Return what a new environment gets from each source.

    A channel is chosen if it can install what is wanted, otherwise the index. ``names`` are the packages on the
    channels: what belongs to every environment comes from the index if no channel has it.
    """
    source = wanted.source or _source(wanted, listing, on_index)
    specs = selection.specs(wanted, listing) if source == "conda" else []
    requirements: list[str] = []
    if source == "pypi" and wanted.tensorflow is not None:
        cells = index_releases.matching(on_index, wanted)
        best = next((cell for cell in cells if cell.reason is None), cells[0] if cells else None)
        python = wanted.python or (best.python if best else None)
        project = best.requirement if best else index_releases.PROJECT
        requirements = [f"{project}{selection.specifier(wanted.tensorflow)}", *(["keras"] if wanted.keras else [])]
        specs = [f"python {python}.*" if python else "python", *listing.companions]
    elif wanted.tensorflow is None:
        specs = selection.specs(wanted, listing)
    missing = [name for name in KERNEL if name in specs and name not in names]
    return Chosen([spec for spec in specs if spec not in missing], [*requirements, *missing], source)


def _source(wanted: Wanted, listing: Listing, on_index: IndexListing) -> Source:
    if wanted.tensorflow is None:
        return "conda"
    on_channels = [cell for cell in selection.matching(wanted, listing) if listing.installable(cell)]
    from_index = [cell for cell in index_releases.matching(on_index, wanted) if cell.reason is None]
    if not from_index or not on_channels:
        return "pypi" if from_index else "conda"
    ours, theirs = version_key(on_channels[0].version), version_key(from_index[0].version)
    # “auto” is CUDA if this machine can have it, whatever the source.
    return "pypi" if theirs > ours or (theirs == ours and from_index[0].cuda > on_channels[0].cuda) else "conda"
