"""From the exact packages of an imported file to records: on allowed channels only, with their hashes."""

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
from ...sentences import some
from ..settings.channels import split_credentials

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage

    from ..repodata.repodata import Repodata
    from .model import Pinned

_FILE = re.compile(
    r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)-(?P<version>[A-Za-z0-9_.!+]+)-(?P<build>[A-Za-z0-9_.+]+)\.(?:conda|tar\.bz2)"
)

#: Packages that a note names.
_SHOWN = 5


@dataclass(frozen=True)
class Address:
    """What the address of a package says. ``channel`` is a clean URL without subdir."""

    url: str
    channel: str
    subdir: str
    file: str
    name: str
    version: str
    build: str

    @property
    def spec(self) -> str:
        """The spec that only this package (in any archive format) satisfies."""
        return f"{self.name} =={self.version} {self.build}"


def address(url: str, allowed: Collection[str], subdir: str) -> Address:
    """Take a package's address apart. ``allowed`` are clean channel URLs, ``subdir`` is the platform's.

    Raises InvalidRequest for what is no package of this platform, ChannelNotAllowed for one of another channel.
    """
    try:
        clean, _ = split_credentials(url)
    except ValueError as error:
        raise InvalidRequest(f"“{url[:80]}” is not the address of a package.") from error
    base, _, rest = clean.rpartition("/")
    channel, _, folder = base.rpartition("/")
    file = unquote(rest)
    found = _FILE.fullmatch(file)
    if found is None or not folder or not channel:
        raise InvalidRequest(f"“{clean[:80]}” is not the address of a package.")
    # Compared as a whole: no “..”, other spelling or longer path leads elsewhere.
    if channel not in allowed:
        raise ChannelNotAllowed(f"The channel “{channel[:120]}” is not allowed here.")
    if folder not in (subdir, "noarch"):
        raise InvalidRequest(f"{file} is for {folder[:40]}; this machine is {subdir}.")
    place = Address(clean, channel, folder, file, found["name"].lower(), found["version"], found["build"])
    try:
        MatchSpec(place.spec)
    except (InvalidMatchSpecError, InvalidPackageNameError) as error:
        raise InvalidRequest(f"“{file[:80]}” is not the name of a package's file.") from error
    return place


def parts(url: str) -> tuple[str, str, str]:
    """Return the name, version and build that a package's address names. Raises InvalidRequest for another address."""
    found = _FILE.fullmatch(unquote(url.rpartition("/")[2]))
    if found is None:
        raise InvalidRequest(f"“{url[:80]}” is not the address of a package.")
    return found["name"].lower(), found["version"], found["build"]


async def records(
    packages: Iterable[tuple[Address, Pinned]], repodata: Repodata
) -> tuple[list[RepoDataRecord], list[str]]:
    """Return the records of exact packages, and what cannot be honoured, in sentences.

    The channel's own record is taken where it still has one, else the file's. Raises InvalidRequest where the two
    disagree on the package's hash, or a package is there twice.
    """
    wanted = list(packages)
    _require_distinct([place for place, _ in wanted])
    notes = []
    try:
        offered = await repodata.records({place.spec for place, _ in wanted})
    except ChannelUnreachable as error:
        offered = []
        notes.append(f"{error.message} What the file says of its packages is taken as it is.")
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
        notes.append(f"No longer listed by the channel, and fetched from their addresses: {some(gone, _SHOWN)}.")
    if unhashed:
        notes.append(f"Neither the file nor the channel tells a hash to check: {some(unhashed, _SHOWN)}.")
    return found, notes


def unmet(records: Iterable[RepoDataRecord], virtual: Iterable[GenericVirtualPackage]) -> list[str]:
    """Return, in sentences, what packages need of a machine that has only these virtual packages."""
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
    return [f"This machine does not have {text} ({some(names, _SHOWN)})." for text, names in sorted(lacking.items())]


def _require_distinct(places: Sequence[Address]) -> None:
    seen = set()
    for place in places:
        if place.name in seen:
            raise InvalidRequest(f"The file holds more than one package “{place.name}”.")
        seen.add(place.name)


def _require_same(place: Address, package: Pinned, record: RepoDataRecord) -> None:
    for mine, theirs in ((package.sha256, record.sha256), (package.md5, record.md5)):
        if mine and theirs and mine != theirs.hex():
            raise InvalidRequest(f"{place.file} on the channel is not the package that the file names (hash mismatch).")


def _own(place: Address, package: Pinned) -> RepoDataRecord:
    """Return a record of what the file itself says of a package."""
    if package.record is not None:
        own = package.record
        if (own.name.normalized, str(own.version), str(own.build)) != (place.name, place.version, place.build):
            # The package cache goes by these: another package must not enter it under this name.
            raise InvalidRequest(f"The file calls {place.file} by another name, version or build.")
        return RepoDataRecord(own, place.file, place.url, place.channel)
    tail = place.build.rpartition("_")[2]
    record = PackageRecord(
        place.name,
        place.version,
        BuildString(place.build),
        int(tail) if tail.isdigit() else 0,
        place.subdir,
        depends=list(package.depends),
        sha256=bytes.fromhex(package.sha256) if package.sha256 else None,
        md5=bytes.fromhex(package.md5) if package.md5 else None,
    )
    return RepoDataRecord(record, place.file, place.url, place.channel)
