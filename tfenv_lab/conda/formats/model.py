"""What every format of an environment's file is made of: its names, and what is written and read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from rattler import RepoDataRecord

from ...errors import TfenvError
from ...sentences import some
from ..prefix.pypi import PypiPackage
from ..prefix.records import by_name
from ..settings.channels import ChannelRef, split_credentials
from ..solving import specs

FORMATS = ("environment-yml", "explicit", "conda-lock", "pixi-lock", "notebook")
ENVIRONMENT_YML, EXPLICIT, CONDA_LOCK, PIXI_LOCK, NOTEBOOK = FORMATS
#: Begins the comment that keeps one requested spec in a lock that we wrote.
REQUESTED = "requested:"


@dataclass(frozen=True)
class Pinned:
    """One exact package. Hashes are hexadecimal; ``record`` is there where the file holds all of it (pixi.lock)."""

    url: str
    sha256: str | None = None
    md5: str | None = None
    depends: tuple[str, ...] = ()
    record: RepoDataRecord | None = None


@dataclass(frozen=True)
class Imported:
    """A file's contents. ``pinned`` is None where ``specs`` are to be solved.

    ``channels`` are as the file writes them, in its order. ``specs`` of exact packages are what was asked for by name,
    where the file tells. ``pypi`` are requirements for pip. ``notes`` are sentences.
    """

    format: str
    channels: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    pinned: tuple[Pinned, ...] | None = None
    pypi: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def requirement(text: str) -> str | None:
    """Return a line as pip is given it, or None for one that is not taken.

    Taken are requirements of PEP 508 with a name and versions. Options, paths and addresses are not: a file from
    anywhere must not choose another index, run an option, or install what nobody can name again.
    """
    try:
        found = Requirement(text)
    except InvalidRequirement:
        return None
    return None if found.url else str(found)


def requirements(lines: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the requirements that pip will be given, and sentences on the lines that it will not."""
    taken, others = [], []
    for line in lines:
        found = requirement(line)
        if found is None:
            others.append(" ".join(line.split())[:80])
        else:
            taken.append(found)
    note = f"pip is not given {some(others, 10)}: only names and versions are taken."
    return tuple(taken), [note] if others else []


@dataclass(frozen=True)
class Contents:
    """What is exported. ``requested`` are spec texts by package name, ``channels`` those that the packages came from.

    ``channels`` are in order of priority; ``subdir`` is the platform's.
    """

    name: str
    records: Sequence[RepoDataRecord]
    requested: Mapping[str, str]
    pypi: Sequence[PypiPackage]
    channels: Sequence[ChannelRef]
    subdir: str
    by_name: dict[str, RepoDataRecord] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        records = sorted((_clean(record) for record in self.records), key=lambda record: record.name.normalized)
        object.__setattr__(self, "records", records)
        object.__setattr__(self, "by_name", by_name(records))


def _clean(record: RepoDataRecord) -> RepoDataRecord:
    """Return a record whose address holds no credentials."""
    url, credential = split_credentials(record.url)
    if credential is None:
        return record
    return RepoDataRecord(record, record.file_name, url, url.rsplit("/", 2)[0])


def addressed(contents: Contents) -> list[RepoDataRecord]:
    """Return the records that have an address to fetch the package from."""
    return [record for record in contents.records if record.url]


def requested(contents: Contents) -> dict[str, str]:
    """Return the requested specs as conda writes them; one of another form becomes the version installed."""
    allowed = {ref.name for ref in contents.channels}
    found = {}
    for name, spec in sorted(contents.requested.items()):
        try:
            found[name] = specs.command_text(str(specs.parse(spec, allowed)))
        except TfenvError:
            if name in contents.by_name:
                found[name] = f"{name}={contents.by_name[name].version}"
    return found
