"""Define the names of the file formats, and the data that all of them read and write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.requirements import InvalidRequirement, Requirement
from rattler import RepoDataRecord

from ...errors import InvalidRequest, TfenvError
from ...pypi import named_places
from ...pypi.models import MARK, Distribution, IndexLock
from ...pypi.requirements import name_of, names_file
from ...sentences import listing, say
from ..prefix.pypi import PypiPackage
from ..prefix.records import by_name
from ..settings.channels import ChannelRef, split_credentials
from ..solving import specs
from . import origins

#: The formats of exports.
FORMATS = ("environment-yml", "explicit", "conda-lock", "pixi-lock", "pylock", "requirements", "notebook")
ENVIRONMENT_YML, EXPLICIT, CONDA_LOCK, PIXI_LOCK, PYLOCK, REQUIREMENTS, NOTEBOOK = FORMATS
#: Formats that are only read.
READ_ONLY = ("list", "pixi-toml", "anaconda-project", "commands", "uv-lock", "pyproject")
LIST, PIXI_TOML, ANACONDA_PROJECT, COMMANDS, UV_LOCK, PYPROJECT = READ_ONLY
#: The hint for exact packages that this machine cannot have.
SOLVE_AGAIN = say("Solve its packages again for this machine, with their versions or only by their names.")
#: Maximum length of a line of the file in a note.
_LONGEST = 200
#: Prefix of the comments that store the requested specs in an exported lock.
REQUESTED = "requested:"
_REQUEST = re.compile(rf"#\s*{REQUESTED}\s*(.+)")
#: Prefix of the comments that store the environment's variables there.
VARIABLE = "variable:"


@dataclass(frozen=True)
class Pinned:
    """One exact package. Hashes are hexadecimal; ``record`` is set if the file contains all of it (pixi.lock)."""

    url: str
    sha256: str | None = None
    md5: str | None = None
    depends: tuple[str, ...] = ()
    record: RepoDataRecord | None = None


@dataclass(frozen=True)
class Choice:
    """The part of a file to read: its environment (None: the default), and its categories (None: main).

    With ``any_platform``, a lock without packages for this machine is read for its first platform.
    """

    environment: str | None = None
    categories: Sequence[str] | None = None
    any_platform: bool = False


def other_platform(platforms: Iterable[str], subdir: str) -> InvalidRequest:
    """Return the error for a lock of other platforms. Its hint is ``SOLVE_AGAIN``."""
    names = ", ".join(sorted({platform[:40] for platform in platforms})[:10]) or "none"
    message = say(
        "This lock is not for this machine's platform ({subdir}). Its platforms: {names}.", subdir=subdir, names=names
    )
    return InvalidRequest(message, hint=SOLVE_AGAIN)


@dataclass(frozen=True)
class Imported:
    """Contents of an imported file. If ``pinned`` is None, ``specs`` have to be solved.

    ``channels`` are written as in the file, and in its order. With exact packages, ``specs`` are the requested ones if
    the file records them. ``pypi`` are requirements for a package index, and ``index`` is what the file says exactly
    about packages from there. ``variables`` are those that the environment sets. ``notes`` are sentences.
    """

    format: str
    channels: tuple[str, ...] = ()
    specs: tuple[str, ...] = ()
    pinned: tuple[Pinned, ...] | None = None
    pypi: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    index: IndexLock = field(default_factory=IndexLock)


def requirement(text: str) -> str | None:
    """Return a line as it is passed to pip, or None if it is not accepted.

    Only PEP 508 requirements with a name and versions are accepted. Options, paths and URLs are not: an untrusted file
    must not choose another index, pass an option to pip, or install something that cannot be reproduced.
    """
    try:
        found = Requirement(text)
    except InvalidRequirement:
        return None
    return None if found.url or names_file(found) else str(found)


def requirements(lines: Iterable[str]) -> tuple[tuple[str, ...], list[str]]:
    """Return the requirements that are passed to pip, and sentences on the lines and options that are skipped.

    :func:`index_lock` returns the hashes and the indexes that the lines name.
    """
    taken, others, options = [], [], []
    for line in lines:
        text = origins.without_hashes(re.sub(r"(?:^|\s)#.*", "", line))
        if not text:
            continue
        bare, separator, option = text.partition(" --")
        found = requirement(bare)
        has_places = bool(named_places.of_lines([text]))
        if found is None:
            # Places are the matter of :func:`index_lock`.
            others += [] if has_places else [text[:_LONGEST]]
            continue
        taken.append(found)
        if separator and not has_places:
            options.append(f"{bare} --{option}"[:_LONGEST])
    notes: list[str] = []
    if others:
        notes.append(listing("Skipped pip requirements: {items} (only names and versions are supported).", others))
    if options:
        notes.append(listing("The options in these pip requirements are ignored: {items}.", options))
    return tuple(taken), notes


def index_lock(lines: Iterable[str], places: Iterable[str] = ()) -> IndexLock:
    """Return what lines of a requirements.txt say about its packages: their hashes, and the indexes they come from.

    ``places`` are indexes that the file names elsewhere.
    """
    lines = list(lines)
    named = tuple(dict.fromkeys((*places, *named_places.of_lines(lines))))
    hashes: dict[str, tuple[str, ...]] = {}
    projects = []
    for line in lines:
        text = requirement(re.sub(r"(?:^|\s)#.*", "", line).partition(" --")[0])
        if text is None:
            continue
        projects.append(name_of(text))
        permitted = origins.hashes(line)
        if permitted:
            # A file for several Pythons has a line for each.
            hashes[name_of(text)] = (*hashes.get(name_of(text), ()), *permitted)
    return IndexLock(hashes=hashes, places={name: named for name in projects if named and name not in hashes})


@dataclass(frozen=True)
class Contents:
    """Environment to export. ``requested`` are specs by package name, and ``subdir`` is the platform's.

    ``channels`` are those that the packages came from, in order of priority. ``variables`` are those that the
    environment sets. ``pypi`` are all Python packages that conda does not own, and ``distributions`` those of them
    whose origin is known. ``requirements`` are what the user requested of an index, by project.
    """

    name: str
    records: Sequence[RepoDataRecord]
    requested: Mapping[str, str]
    pypi: Sequence[PypiPackage]
    channels: Sequence[ChannelRef]
    subdir: str
    variables: Mapping[str, str] = field(default_factory=dict)
    distributions: Sequence[Distribution] = ()
    requirements: Mapping[str, str] = field(default_factory=dict)
    by_name: dict[str, RepoDataRecord] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        records = sorted((_clean(record) for record in self.records), key=lambda record: record.name.normalized)
        object.__setattr__(self, "records", records)
        object.__setattr__(self, "by_name", by_name(records))


def _clean(record: RepoDataRecord) -> RepoDataRecord:
    """Return a record whose URL contains no credentials."""
    url, credential = split_credentials(record.url)
    if credential is None:
        return record
    return RepoDataRecord(record, record.file_name, url, url.rsplit("/", 2)[0])


def addressed(contents: Contents) -> list[RepoDataRecord]:
    """Return the records that have a URL to download the package from."""
    return [record for record in contents.records if record.url]


def requested_of_index(contents: Contents) -> list[str]:
    """Return what the user requested of a package index, with the mark ``pypi:``."""
    return [MARK + text for _, text in sorted(contents.requirements.items())]


def requests_in(lines: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return what comments of an exported lock say was requested: conda's specs, and requirements for an index."""
    texts = [match[1] for line in lines if (match := _REQUEST.fullmatch(line))]
    of_index = tuple(text.removeprefix(MARK) for text in texts if text.startswith(MARK))
    return tuple(text for text in texts if not text.startswith(MARK)), of_index


def requested(contents: Contents) -> dict[str, str]:
    """Return the requested specs as conda writes them. An unsupported spec becomes the installed version."""
    allowed = {ref.name for ref in contents.channels}
    found = {}
    for name, spec in sorted(contents.requested.items()):
        try:
            found[name] = specs.command_text(str(specs.parse(spec, allowed)))
        except TfenvError:
            if name in contents.by_name:
                found[name] = f"{name}={contents.by_name[name].version}"
    return found
