"""The records of installed packages: ``conda-meta/<name>-<version>-<build>.json``, one a package."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import InvalidRequest

if TYPE_CHECKING:
    from rattler import PrefixRecord


class PackageStem(NamedTuple):
    """What a record's file name says."""

    name: str
    version: str
    build: str


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


def load_json(path: Path) -> dict[str, Any]:
    """Return one record as it is written, without rattler's import; an empty one where it cannot be read."""
    try:
        record = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return record if isinstance(record, dict) else {}
