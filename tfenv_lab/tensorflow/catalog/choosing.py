"""Bring the releases of channels and of a package index together, and choose the source of a new environment."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from ...conda.solving.specs import version_key
from ...plan_requests import Source
from ...tensorflow_packages import TF_KERAS, is_tf_keras, requests_tf_keras
from ...versions import minor_of
from ..models import KerasVersion, Release, Variant
from . import index_releases, selection
from .cells import is_prerelease, python_key
from .index_releases import IndexListing
from .releases import KERNEL, Listing
from .selection import Chosen, Wanted


def merged(releases: Sequence[Release], on_index: IndexListing) -> list[Release]:
    """Return the releases of both sources, newest first.

    The variants of a release are in the order of :func:`choose`: it takes the first that can be installed and that the
    request admits. The newest stable release that can be installed is recommended.
    """
    found = {
        release.version: replace(release, recommended=False, variants=sorted(release.variants, key=_rank))
        for release in releases
    }
    for version in dict.fromkeys(cell.version for cell in on_index.cells):
        variants = on_index.variants(version)
        known = found.get(version)
        pythons = sorted({python for variant in variants for python in variant.python}, key=python_key)
        if known is None:
            found[version] = Release(
                version=version,
                python=pythons,
                variants=sorted(variants, key=_rank),
                keras=on_index.newest_keras(version),
                keras_versions=on_index.keras_versions(version),
                published=on_index.published.get(version),
                prerelease=is_prerelease(version),
                recommended=False,
            )
        else:
            both = sorted({*known.python, *pythons}, key=python_key)
            found[version] = replace(
                known,
                python=both,
                variants=sorted([*known.variants, *variants], key=_rank),
                keras_versions=_keras_versions(known, on_index.keras_versions(version)),
            )
    ordered = sorted(found.values(), key=lambda release: version_key(release.version), reverse=True)
    best = next((r for r in ordered if not r.prerelease and any(v.installable for v in r.variants)), None)
    return [replace(release, recommended=release is best) for release in ordered]


def _rank(variant: Variant) -> tuple[bool, bool, tuple[int, ...]]:
    """Return what sorts CUDA before CPU, the channel before the index, and newer versions of CUDA before older ones."""
    numbers = re.findall(r"\d+", variant.name)
    return not variant.name.startswith("cuda"), variant.source != "conda", tuple(-int(number) for number in numbers)


def _keras_versions(release: Release, on_index: Sequence[KerasVersion]) -> list[KerasVersion]:
    """Return the versions of Keras of both sources. If no channel has tf-keras, that of the index fits as well."""
    own = release.keras_versions
    if own and not any(is_tf_keras(release.version, each.version) for each in own):
        legacy = [each for each in on_index if is_tf_keras(release.version, each.version)]
        own = [*own, *(replace(each, source="conda") for each in legacy)]
    return [*own, *on_index]


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
        requirements = [f"{project}{selection.specifier(wanted.tensorflow)}", *selection.keras_requirements(wanted)]
        specs = [f"python {python}.*" if python else "python", *listing.companions]
    elif wanted.tensorflow is None:
        specs = selection.specs(wanted, listing)
    if wanted.tensorflow is not None and requests_tf_keras(wanted.keras, wanted.tensorflow):
        minor = minor_of(_release(wanted, source, listing, on_index) or wanted.tensorflow)
        # An index has tf-keras for every release, a channel perhaps not.
        if source == "conda" and (minor in listing.tf_keras or not on_index.is_read):
            specs.append(f"{TF_KERAS} {minor}.*")
        else:
            requirements.append(f"{TF_KERAS}=={minor}.*")
    missing = [name for name in KERNEL if name in specs and name not in names]
    return Chosen([spec for spec in specs if spec not in missing], [*requirements, *missing], source)


def _release(wanted: Wanted, source: Source, listing: Listing, on_index: IndexListing) -> str | None:
    """Return the release that a request gets from a source, or None if the source has none for it."""
    if source == "conda":
        found = selection.matching(wanted, listing)
        return next((cell.version for cell in found if listing.installable(cell)), found[0].version if found else None)
    cells = index_releases.matching(on_index, wanted)
    return next((cell.version for cell in cells if cell.reason is None), cells[0].version if cells else None)


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
