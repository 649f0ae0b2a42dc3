"""List the conda and pip packages of an environment, and which of them are requested."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

from ..conda.prefix import wheels
from ..conda.prefix.pypi import pypi_packages
from ..conda.prefix.records import channel_of, load_json, record_files, stem_of
from ..conda.prefix.state import requested_specs
from ..conda.settings.channels import split_credentials
from .models import InstalledPackage


def channel_name(channel: str) -> str:
    """Return the name of a record's channel without credentials: its path on conda.anaconda.org, otherwise its URL."""
    if "://" not in channel:
        return channel.strip("/")
    url, _ = split_credentials(channel)
    parts = urlsplit(url)
    return parts.path.strip("/") if parts.netloc == "conda.anaconda.org" else url


def packages_of(prefix: Path) -> list[InstalledPackage]:
    """Return the packages, sorted by name. If a record cannot be read, its file name still gives the package."""
    requested = requested_specs(prefix)
    found = []
    for path in record_files(prefix):
        stem = stem_of(path.name)
        if stem is None:
            continue
        record = load_json(path)
        channel, size = record.get("channel"), record.get("size")
        if isinstance(channel, str):
            channel = channel_of(channel, record.get("subdir"))
        found.append(
            InstalledPackage(
                stem.name,
                stem.version,
                stem.build,
                channel_name(channel) if isinstance(channel, str) and channel else None,
                "conda",
                stem.name in requested,
                size if isinstance(size, int) else None,
            )
        )
    managed = wheels.read(prefix)
    ours = {each.name: each for each in managed.distributions}
    for package in pypi_packages(prefix):
        known = ours.get(package.name)
        found.append(
            InstalledPackage(
                package.name,
                package.version,
                known.tag if known else None,
                known.origin if known else None,
                "pypi",
                package.name in managed.requirements,
                known.size if known else None,
            )
        )
    return sorted(found, key=lambda package: (package.name, package.source))
