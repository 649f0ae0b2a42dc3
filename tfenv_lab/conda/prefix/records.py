"""The records of installed packages: ``conda-meta/<name>-<version>-<build>.json``, one a package."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ...errors import InvalidRequest

if TYPE_CHECKING:
    from rattler import PackageRecord, PrefixRecord, RepoDataRecord

_Record = TypeVar("_Record", bound="PackageRecord")

#: The command of an entry point, and the types of paths that are the same in every prefix (conda/models/enums.py:
#: ``PathType``).
_COMMAND = "unix_python_entry_point"
_UNBOUND = ("hardlink", "softlink", "directory", "pyc_file", "linked_package_record")


class PackageStem(NamedTuple):
    """What a record's file name says."""

    name: str
    version: str
    build: str

    @property
    def file(self) -> str:
        """The name of the record's file."""
        return f"{self.name}-{self.version}-{self.build}.json"


def stem_of(filename: str) -> PackageStem | None:
    """Return what a file name in ``conda-meta`` says, or None where it is not a record's."""
    parts = filename.removesuffix(".json").rsplit("-", 2)
    return PackageStem(*parts) if filename.endswith(".json") and len(parts) == 3 else None


def names_in(folder: Path | str) -> list[str]:
    """Return the names in a directory, unsorted; OSError where it cannot be listed."""
    return os.listdir(folder)  # noqa: PTH208 - twice as fast, and a long list of environments is made of these


def package_names(prefix: Path) -> list[PackageStem]:
    """Return the installed packages by name, from the file names in ``conda-meta`` alone.

    Raises OSError where ``conda-meta`` cannot be listed.
    """
    stems = map(stem_of, names_in(prefix / "conda-meta"))
    return sorted(filter(None, stems), key=lambda stem: stem.name)


def record_files(prefix: Path) -> list[Path]:
    """Return the paths of the records, in order of their names; none where there is no ``conda-meta``."""
    try:
        names = names_in(prefix / "conda-meta")
    except OSError:
        return []
    return [prefix / "conda-meta" / name for name in sorted(names) if stem_of(name)]


def records(prefix: Path) -> list[PrefixRecord]:
    """Return the records of the installed packages (1 ms a package).

    Raises InvalidRequest, naming the file, where one cannot be read: a change cannot be planned on a guess.
    """
    from rattler import PrefixRecord

    found = []
    for path in record_files(prefix):
        try:
            found.append(PrefixRecord.from_path(path))
        except Exception as error:
            message = f"The environment is damaged: its record {path} cannot be read."
            raise InvalidRequest(message, str(error)) from error
    return found


def channel_of(channel: str | None, subdir: str | None) -> str:
    """Return the channel that a record names, without its subdir: conda writes both, rattler the channel alone."""
    return (channel or "").rstrip("/").removesuffix(f"/{subdir}")


def record_stem(record: PackageRecord) -> str:
    """Return what conda calls a package in file names: ``numpy-2.0.0-py311_0``."""
    return f"{record.name.normalized}-{record.version}-{record.build}"


def record_name(record: PackageRecord) -> str:
    """Return what conda calls the file of a record in ``conda-meta``."""
    return f"{record_stem(record)}.json"


def exact_spec(record: PackageRecord) -> str:
    """Return the spec that names one build: ``numpy=2.0.0=py311_0``."""
    return f"{record.name.normalized}={record.version}={record.build}"


def by_name(records: Iterable[_Record]) -> dict[str, _Record]:
    """Return records by the names of their packages."""
    return {record.name.normalized: record for record in records}


def names_of(records: Iterable[PackageRecord]) -> set[str]:
    """Return the names of the packages of records."""
    return {record.name.normalized for record in records}


def read(prefix: Path, names: Iterable[str]) -> list[PrefixRecord]:
    """Return the records in these files of ``conda-meta``. Raises what rattler raises for one that is damaged."""
    from rattler import PrefixRecord

    return [PrefixRecord.from_path(prefix / "conda-meta" / name) for name in names]


@dataclass(frozen=True)
class OwnedFiles:
    """What a package put into a prefix: ``files`` are paths inside it (``/`` separators), its record among them.

    ``written`` are texts among them that were written for this very prefix. ``is_bound`` tells whether something else
    was, or may have been: such a package is linked anew where it shall lie elsewhere.
    """

    files: frozenset[str]
    written: tuple[str, ...]
    is_bound: bool


def contents(prefix: Path, names: Iterable[str] | None = None) -> dict[str, OwnedFiles]:
    """Return what the installed packages put into a prefix, by the names of their records: of all, or of ``names``.

    Read as JSON, which takes a tenth of the time of asking rattler's records for their thousands of paths.
    """
    wanted = [path.name for path in record_files(prefix)] if names is None else names
    return {name: _contents(name, load_json(prefix / "conda-meta" / name)) for name in wanted}


def _contents(name: str, record: Mapping[str, Any]) -> OwnedFiles:
    files = record.get("files") or []
    paths = (record.get("paths_data") or {}).get("paths") or []
    special = [e for e in paths if e.get("prefix_placeholder") or e.get("path_type") not in _UNBOUND]
    texts = [e["_path"] for e in special if e.get("file_mode") == "text" or e.get("path_type") == _COMMAND]
    is_bound = len(paths) < len(files) or len(texts) < len(special)
    return OwnedFiles(frozenset((*files, f"conda-meta/{name}")), tuple(texts), is_bound)


def available(prefix: Path) -> list[RepoDataRecord]:
    """Return the records of the installed packages as channels have them: without their files, to be kept."""
    from rattler import RepoDataRecord

    return [
        RepoDataRecord(record, record.file_name, record.url, channel_of(record.channel, record.subdir))
        for record in records(prefix)
    ]


def in_order(records: Iterable[RepoDataRecord]) -> list[RepoDataRecord]:
    """Return the records so that what a package depends on comes before it."""
    from rattler import RepoDataRecord

    found = by_name(records)
    return [found[r.name.normalized] for r in RepoDataRecord.sort_topologically(list(found.values()))]


def load_json(path: Path) -> dict[str, Any]:
    """Return one record as it is written, without rattler's import; an empty one where it cannot be read."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
