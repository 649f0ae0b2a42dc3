"""Find files that two packages have: an environment gets only one of them, so one of the packages may not work.

The lists of files are in the environment for installed packages, and in the caches for those that were downloaded
before. Channels and package indexes do not publish them.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ... import serde
from ...models import Advice
from ...pypi import installed
from ...pypi.models import MARK
from ...sentences import listing, say, some
from ..prefix.pypi import pypi_packages
from ..prefix.records import load_json, record_files, stem_of
from .package_rules import COVERED, placed, shown

#: The files of a package, each with its hash, or with None if that is not known.
Files = Mapping[str, str | None]

#: Bytecode is compiled from the files that count.
_CACHE = "__pycache__/"
#: Maximum numbers of pairs of packages that are named, and of files of one pair.
_PAIRS, _PATHS = 20, 3


class FileOwner(NamedTuple):
    """A package with files: its name, which begins with ``pypi:`` if it is from an index, and its version."""

    name: str
    version: str

    def __str__(self) -> str:
        text = f"{self.name.removeprefix(MARK)} {self.version}"
        return f"{shown(text)} (PyPI)" if self.name.startswith(MARK) else shown(text)


def of_prefix(prefix: Path) -> dict[FileOwner, Files]:
    """Return the files of the packages in a prefix, with the paths that they would have without the others."""
    found: dict[FileOwner, Files] = {}
    for path in record_files(prefix):
        stem = stem_of(path.name)
        if stem is not None:
            found[FileOwner(stem.name, stem.version)] = _recorded(load_json(path))
    for each in pypi_packages(prefix):
        found[FileOwner(MARK + each.name, each.version)] = installed.hashes(prefix, each.dist_info)
    return found


def _recorded(record: Mapping[str, Any]) -> Files:
    files: dict[str, str | None] = dict.fromkeys(record.get("files") or ())
    for entry in (record.get("paths_data") or {}).get("paths") or ():
        if entry.get("path_type") != "directory":
            # The hash is that of the file in the package: the prefix in it is no difference.
            files[entry.get("original_path") or entry["_path"]] = entry.get("sha256")
    return {path: digest for path, digest in files.items() if not path.startswith(COVERED)}


def of_package(unpacked: Path, site: str, is_python: bool) -> Files:
    """Return the files of an unpacked conda package as an environment gets them; none if its list cannot be read.

    ``site`` is the directory for ``noarch: python`` packages, and ``is_python`` says whether this is one.
    """
    try:
        entries = serde.parse((unpacked / "info" / "paths.json").read_bytes())["paths"]
        found = {each["_path"]: each.get("sha256") for each in entries if each.get("path_type") != "directory"}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}
    return {placed(path, site): digest for path, digest in found.items()} if is_python else found


def advice(packages: Mapping[FileOwner, Files], coming: Collection[str]) -> Iterator[Advice]:
    """Yield a warning that names the packages with the same files; at least one of each pair is in ``coming``.

    Files with the same contents make no difference, so they are only a note.
    """
    owners: dict[str, list[FileOwner]] = {}
    for owner, files in sorted(packages.items(), key=lambda item: str(item[0])):
        for path in files:
            if _CACHE not in path:
                owners.setdefault(path, []).append(owner)
    differing: dict[tuple[FileOwner, FileOwner], list[str]] = {}
    same: dict[tuple[FileOwner, FileOwner], list[str]] = {}
    for path, several in owners.items():
        for number, one in enumerate(several[:-1]):
            for other in several[number + 1 :]:
                if one.name in coming or other.name in coming:
                    digest = packages[one][path]
                    is_same = digest is not None and digest == packages[other][path]
                    (same if is_same else differing).setdefault((one, other), []).append(path)
    if differing:
        yield Advice(
            "shared-files",
            "warning",
            listing(
                "Packages have different files with the same path, and the environment gets only one of them: {items}.",
                _pairs(differing),
            ),
        )
    if same:
        yield Advice(
            "shared-files",
            "info",
            listing("Packages have identical files with the same path, which does no harm: {items}.", _pairs(same)),
        )


def noticed(staged: Path, coming: Collection[str]) -> list[Advice]:
    """Return the warnings about a new tree, and print them to the job's log (standard error)."""
    found = list(advice(of_prefix(staged), coming))
    for each in found:
        print(each.message, file=sys.stderr, flush=True)
    return found


def _pairs(found: Mapping[tuple[FileOwner, FileOwner], list[str]]) -> list[str]:
    texts: list[str] = [
        say(
            "{one} and {other} ({replace})",
            one=one,
            other=other,
            replace=some([shown(path) for path in sorted(paths)], _PATHS).replace(", ", "; "),
        )
        for (one, other), paths in found.items()
    ]
    return (
        texts if len(texts) <= _PAIRS else [*texts[:_PAIRS], say("and {count} more pairs", count=len(texts) - _PAIRS)]
    )
