"""Convert the exact packages of an imported file to records, from allowed channels only and with hashes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rattler import MatchSpec, PackageRecord, RepoDataRecord
from rattler.exceptions import InvalidMatchSpecError, InvalidPackageNameError
from rattler.package.build_string import BuildString

from ...errors import ChannelNotAllowed, ChannelUnreachable, InvalidRequest
from ...sentences import listing, say
from ..settings.channels import split_credentials

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage

    from ..repodata.repodata import Repodata
    from .model import Pinned

_FILE = re.compile(
    r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)-(?P<version>[A-Za-z0-9_.!+]+)-(?P<build>[A-Za-z0-9_.+]+)\.(?:conda|tar\.bz2)"
)


@dataclass(frozen=True)
class Address:
    """Parts of a package's URL. ``channel`` is a clean URL without subdir."""

    url: str
    channel: str
    subdir: str
    file: str
    name: str
    version: str
    build: str

    @property
    def spec(self) -> str:
        """The spec that only this package satisfies, in any archive format."""
        return f"{self.name} =={self.version} {self.build}"


def channel_of(url: str) -> str | None:
    """Return the clean URL of the channel of a package's URL, or None for any other URL."""
    try:
        channel, _, file = split_credentials(url)[0].rsplit("/", 2)
    except ValueError:
        return None
    return channel if channel and _FILE.fullmatch(unquote(file)) else None


def address(url: str, allowed: Collection[str], subdir: str) -> Address:
    """Split a package's URL into its parts. ``allowed`` are clean channel URLs, and ``subdir`` is the platform's.

    Raises InvalidRequest if the URL is not a package for this platform, ChannelNotAllowed if it is on another channel.
    """
    try:
        clean, _ = split_credentials(url)
    except ValueError as error:
        raise InvalidRequest(say("“{url}” is not the URL of a package.", url=url[:80])) from error
    base, _, rest = clean.rpartition("/")
    channel, _, folder = base.rpartition("/")
    file = unquote(rest)
    found = _FILE.fullmatch(file)
    if found is None or not folder or not channel:
        raise InvalidRequest(say("“{clean}” is not the URL of a package.", clean=clean[:80]))
    # Compare the whole URL, so that “..”, another spelling or a longer path cannot lead elsewhere.
    if channel not in allowed:
        raise ChannelNotAllowed(say("The channel “{channel}” is not allowed.", channel=channel[:120]))
    if folder not in (subdir, "noarch"):
        raise InvalidRequest(
            say("{file} is for {folder}, but this machine is {subdir}.", file=file, folder=folder[:40], subdir=subdir)
        )
    place = Address(clean, channel, folder, file, found["name"].lower(), found["version"], found["build"])
    try:
        MatchSpec(place.spec)
    except (InvalidMatchSpecError, InvalidPackageNameError) as error:
        raise InvalidRequest(say("“{file}” is not the file name of a package.", file=file[:80])) from error
    return place


def parts(url: str) -> tuple[str, str, str]:
    """Return the name, version and build in a package's URL. Raises InvalidRequest for any other URL."""
    found = _FILE.fullmatch(unquote(url.rpartition("/")[2]))
    if found is None:
        raise InvalidRequest(say("“{url}” is not the URL of a package.", url=url[:80]))
    return found["name"].lower(), found["version"], found["build"]


async def records(
    packages: Iterable[tuple[Address, Pinned]], repodata: Repodata
) -> tuple[list[RepoDataRecord], list[str]]:
    """Return the records of exact packages, and notes on what could not be verified, as sentences.

    The record comes from the channel if it still lists the package, otherwise from the file. Raises InvalidRequest if
    the two have different hashes, or if the file lists a package twice.
    """
    wanted = list(packages)
    _require_distinct([place for place, _ in wanted])
    notes: list[str] = []
    try:
        offered = await repodata.records({place.spec for place, _ in wanted})
    except ChannelUnreachable as error:
        offered = []
        notes.append(
            say("{message} The file's own data on its packages are used without verification.", message=error.message)
        )
    known = {unquote(record.url): record for record in offered}
    found, gone, unhashed = [], [], []
    for place, package in wanted:
        record = known.get(unquote(place.url))
        if record is None:
            gone.append(place.file)
            record = _own(place, package)
            if not (package.sha256 or package.md5):
                unhashed.append(place.file)
        else:
            _require_same(place, package, record)
        found.append(record)
    if gone and not notes:
        notes.append(
            listing("The channel no longer lists these packages; they are downloaded from their URLs: {items}.", gone)
        )
    if unhashed:
        notes.append(listing("Neither the file nor the channel has a hash for these packages: {items}.", unhashed))
    return found, notes


def unmet(records: Iterable[RepoDataRecord], virtual: Iterable[GenericVirtualPackage]) -> list[str]:
    """Return sentences on the packages' requirements that a machine with these virtual packages does not meet."""
    here = {
        package.name.normalized: PackageRecord(package.name, str(package.version), package.build_string, 0, "noarch")
        for package in virtual
    }
    lacking: dict[str, list[str]] = {}
    for record in records:
        for text in record.depends:
            found = here.get(text.split(" ", 1)[0])
            if text.startswith("__") and (found is None or not MatchSpec(text, strict=False).matches(found)):
                lacking.setdefault(text, []).append(record.name.normalized)
    return [
        listing("This machine does not have {text} ({items}).", names, text=text)
        for text, names in sorted(lacking.items())
    ]


def _require_distinct(places: Sequence[Address]) -> None:
    seen = set()
    for place in places:
        if place.name in seen:
            raise InvalidRequest(say("The file lists more than one package “{name}”.", name=place.name))
        seen.add(place.name)


def _require_same(place: Address, package: Pinned, record: RepoDataRecord) -> None:
    for mine, theirs in ((package.sha256, record.sha256), (package.md5, record.md5)):
        if mine and theirs and mine != theirs.hex():
            raise InvalidRequest(say("The hash of {file} in the file differs from the channel's.", file=place.file))


def _own(place: Address, package: Pinned) -> RepoDataRecord:
    """Return a package's record from the file's own data."""
    if package.record is not None:
        own = package.record
        if (own.name.normalized, str(own.version), str(own.build)) != (place.name, place.version, place.build):
            # The package cache is keyed by these: another package must not get into it under this name.
            raise InvalidRequest(say("The file gives {file} another name, version or build.", file=place.file))
        return RepoDataRecord(own, place.file, place.url, place.channel)
    tail = place.build.rpartition("_")[2]
    record = PackageRecord(
        place.name,
        place.version,
        BuildString(place.build),
        int(tail) if tail.isdecimal() and len(tail) < 10 else 0,
        place.subdir,
        depends=list(package.depends),
        sha256=bytes.fromhex(package.sha256) if package.sha256 else None,
        md5=bytes.fromhex(package.md5) if package.md5 else None,
    )
    return RepoDataRecord(record, place.file, place.url, place.channel)
