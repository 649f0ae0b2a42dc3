"""Read the records of installed packages: one file ``conda-meta/<name>-<version>-<build>.json`` per package."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from ... import serde
from ...disk import faults
from ...errors import InvalidRequest
from ...sentences import say

if TYPE_CHECKING:
    from rattler import PackageRecord, PrefixRecord, RepoDataRecord

_Record = TypeVar("_Record", bound="PackageRecord")

#: Path type of an entry point's command, and path types that are the same in every prefix (conda/models/enums.py:
#: ``PathType``).
_COMMAND = "unix_python_entry_point"
_UNBOUND = ("hardlink", "softlink", "directory", "pyc_file", "linked_package_record")


class PackageStem(NamedTuple):
    """Name, version and build in a record's file name."""

    name: str
    version: str
    build: str

    @property
    def file(self) -> str:
        """The name of the record's file."""
        return f"{self.name}-{self.version}-{self.build}.json"


def stem_of(filename: str) -> PackageStem | None:
    """Return the parts of a record's file name in ``conda-meta``, or None if it is not a record's."""
    parts = filename.removesuffix(".json").rsplit("-", 2)
    return PackageStem(*parts) if filename.endswith(".json") and len(parts) == 3 else None


def names_in(folder: Path | str) -> list[str]:
    """Return the names in a directory, unsorted. Raises OSError if it cannot be listed."""
    return os.listdir(folder)  # noqa: PTH208 - twice as fast, and a long list of environments needs many of these


def package_names(prefix: Path) -> list[PackageStem]:
    """Return the installed packages sorted by name, using only the file names in ``conda-meta``.

    Raises OSError if ``conda-meta`` cannot be listed.
    """
    stems = map(stem_of, names_in(prefix / "conda-meta"))
    return sorted(filter(None, stems), key=lambda stem: stem.name)


def record_files(prefix: Path) -> list[Path]:
    """Return the paths of the records, sorted by file name; none if there is no ``conda-meta``."""
    try:
        names = names_in(prefix / "conda-meta")
    except OSError:
        return []
    return [prefix / "conda-meta" / name for name in sorted(names) if stem_of(name)]


def records(prefix: Path) -> list[PrefixRecord]:
    """Return the records of the installed packages (1 ms per package).

    Raises InvalidRequest, naming the file, if one cannot be read: a change cannot be planned on a guess.
    """
    from rattler import PrefixRecord

    found = []
    for path in record_files(prefix):
        try:
            found.append(PrefixRecord.from_path(path))
        except Exception as error:
            of_system = faults.of_system(error, say("Nothing was changed."))
            if of_system is not None:
                raise of_system from error
            message = say("The environment is damaged: its record {path} cannot be read.", path=path)
            raise InvalidRequest(message, str(error)) from error
    return found


def channel_of(channel: str | None, subdir: str | None) -> str:
    """Return the channel of a record without the subdir; conda writes both, rattler only the channel."""
    return (channel or "").rstrip("/").removesuffix(f"/{subdir}")


def record_stem(record: PackageRecord) -> str:
    """Return what conda calls a package in file names: ``numpy-2.0.0-py311_0``."""
    return f"{record.name.normalized}-{record.version}-{record.build}"


def record_name(record: PackageRecord) -> str:
    """Return the file name that conda gives a record in ``conda-meta``."""
    return f"{record_stem(record)}.json"


def dependency(text: str) -> str:
    """Return the package name in the text of a dependency."""
    return text.split(" ", 1)[0].split("[", 1)[0].split("=", 1)[0].lower()


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
    """Return the records in these files of ``conda-meta``. Raises rattler's error if one is damaged."""
    from rattler import PrefixRecord

    return [PrefixRecord.from_path(prefix / "conda-meta" / name) for name in names]


@dataclass(frozen=True)
class OwnedFiles:
    """Files that a package has in a prefix. ``files`` are paths inside it (``/`` separators), including its record.

    ``written`` are the text files among them that contain this prefix. ``is_bound`` says whether other files contain
    it, or may: a copy in another prefix has to link such a package again.
    """

    files: frozenset[str]
    written: tuple[str, ...]
    is_bound: bool


def contents(prefix: Path, names: Iterable[str] | None = None) -> dict[str, OwnedFiles]:
    """Return the contents of the installed packages by the file names of their records.

    ``names`` selects records (default: all). The records are read as JSON, which takes a tenth of the time of getting
    thousands of paths from rattler's records.
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
    """Return the records of the installed packages as a channel lists them, without their files."""
    from rattler import RepoDataRecord

    return [
        RepoDataRecord(record, record.file_name, record.url, channel_of(record.channel, record.subdir))
        for record in records(prefix)
    ]


def in_order(records: Iterable[RepoDataRecord]) -> list[RepoDataRecord]:
    """Return the records sorted so that dependencies come before the packages that need them."""
    from rattler import RepoDataRecord

    found = by_name(records)
    return [found[r.name.normalized] for r in RepoDataRecord.sort_topologically(list(found.values()))]


def load_json(path: Path) -> dict[str, Any]:
    """Return one record's JSON without importing rattler; an empty dict if it cannot be read."""
    try:
        record = serde.parse(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
