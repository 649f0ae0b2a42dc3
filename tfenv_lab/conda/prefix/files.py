"""Compare the files of an environment with what its packages' records list: missing, altered and overwritten files.

conda's records are in ``conda-meta``. Packages that pip or uv installed have a RECORD (PEP 627).
"""

# Paths are strings because tens of thousands of them are looked at in a second.
# ruff: noqa: PTH116, PTH118, PTH123
from __future__ import annotations

import base64
import csv
import hashlib
import os
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from ...plan_requests import Source
from ...tensorflow_packages import DISTRIBUTIONS, LEADS
from . import projects
from .pypi import PypiPackage, pypi_packages
from .records import load_json, record_files, stem_of

#: Bytes that are hashed at once.
_CHUNK = 1 << 20

_State = Literal["intact", "missing", "altered"]


@dataclass(frozen=True)
class Damage:
    """A package whose files differ from its record, as paths inside the prefix (``/`` separators).

    ``overwritten`` are files that now belong to ``overwritten_by``: a version of the same project, or another
    distribution of TensorFlow, that pip or uv installed over the package.
    """

    name: str
    version: str
    source: Source
    missing: Sequence[str] = ()
    altered: Sequence[str] = ()
    overwritten: Sequence[str] = ()
    overwritten_by: PypiPackage | None = None

    @property
    def files(self) -> list[str]:
        """All files that differ."""
        return [*self.missing, *self.altered, *self.overwritten]


@dataclass(frozen=True)
class _Expected:
    """One file of a package. ``size`` and ``sha256`` are None if they are not known.

    ``is_small`` says that its hash is cheap and the only thing to compare: a text that contains the prefix.
    """

    path: str
    size: int | None = None
    sha256: str | None = None
    is_small: bool = False
    is_link: bool = False


@dataclass(frozen=True)
class _Package:
    """A package with its files; ``since`` is the time (ns) after which the installer changed none of them."""

    name: str
    version: str
    source: Source
    files: Sequence[_Expected]
    since: int
    projects: frozenset[str]
    dist_info: PypiPackage | None = None


@dataclass
class _Comparison:
    """The comparison of one prefix; ``contents`` says whether every file is read."""

    prefix: str
    contents: bool
    packages: Sequence[_Package]
    #: The packages that have a file, for files of several packages.
    owners: dict[str, list[tuple[_Package, _Expected]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        first: dict[str, tuple[_Package, _Expected]] = {}
        for package in self.packages:
            for expected in package.files:
                if expected.path in first:
                    known = self.owners.setdefault(expected.path, [first[expected.path]])
                    known.append((package, expected))
                else:
                    first[expected.path] = (package, expected)

    def damages(self) -> list[Damage]:
        with ThreadPoolExecutor(max(2, os.cpu_count() or 1)) as pool:
            # Hashing releases the interpreter's lock, so several packages are read at once.
            return [found for found in pool.map(self._damage, self.packages) if found is not None]

    def _damage(self, package: _Package) -> Damage | None:
        if package.source == "pypi" and any(self._replaces(package, other) for other in self.packages):
            return None  # what it overwrites is told of the other package
        found: dict[str, list[str]] = {"missing": [], "altered": [], "overwritten": []}
        by: PypiPackage | None = None
        for expected in package.files:
            state = self._state(package, expected)
            if state == "intact":
                continue
            others = [each for each in self.owners.get(expected.path, ()) if each[0] is not package]
            thief = next((other for other, _ in others if self._replaces(other, package)), None)
            if state == "altered" and thief is not None:
                by = by or thief.dist_info
                found["overwritten"].append(expected.path)
            elif not any(self._state(*other) == "intact" for other in others):
                found[state].append(expected.path)
        if not any(found.values()):
            return None
        if by is None:
            # Another version may have none of the same files, but its installer has removed them.
            by = next((other.dist_info for other in self.packages if self._replaces(other, package)), None)
        lists = {kind: tuple(sorted(paths)) for kind, paths in found.items()}
        return Damage(package.name, package.version, package.source, **lists, overwritten_by=by)

    @staticmethod
    def _replaces(one: _Package, other: _Package) -> bool:
        """Return whether pip or uv installed the first package over the second: conda's, or another TensorFlow."""
        if one.source == "conda" or one is other:
            return False
        if other.source == "pypi":
            return one.name in DISTRIBUTIONS and other.name in DISTRIBUTIONS and one.since > other.since
        rivals = other.name in LEADS and one.name in DISTRIBUTIONS
        return one.name in other.projects or rivals

    def _state(self, package: _Package, expected: _Expected) -> _State:
        path = os.path.join(self.prefix, expected.path)
        try:
            status = os.lstat(path)
            if expected.is_link:
                return "intact"
            if stat.S_ISLNK(status.st_mode):
                status = os.stat(path)
            if not stat.S_ISREG(status.st_mode):
                return "altered"
        except (FileNotFoundError, NotADirectoryError):
            return "altered" if os.path.islink(path) else "missing"  # noqa: PTH114
        if expected.size is not None and status.st_size != expected.size:
            return "altered"
        is_suspicious = self.contents or expected.is_small or status.st_mtime_ns > package.since
        if expected.sha256 is not None and is_suspicious and _sha256(path) != expected.sha256:
            return "altered"
        return "intact"


def compare(prefix: Path, *, contents: bool = False) -> list[Damage]:
    """Return the packages of an environment whose files differ from their records, sorted by name.

    Compares sizes, and reads only the files that were changed after their package was installed; with ``contents``
    every file is read (a second per gigabyte). Bytecode does not count, because Python writes it again. Raises OSError
    if a file cannot be read.
    """
    packages = [*_of_conda(prefix), *_of_pip(prefix)]
    found = _Comparison(os.fspath(prefix), contents, packages).damages()
    return sorted(found, key=lambda damage: (damage.name, damage.source))


def _of_conda(prefix: Path) -> Iterator[_Package]:
    for path in record_files(prefix):
        stem, record = stem_of(path.name), load_json(path)
        entries = (record.get("paths_data") or {}).get("paths") or []
        files = [found for entry in entries if isinstance(entry, dict) for found in _expected(entry)]
        if not files and record.get("files"):
            # Records of very old packages only have names.
            files = [_Expected(str(name)) for name in record["files"] if not _is_bytecode(str(name))]
        if stem is not None:
            listed = projects.listed(file.path for file in files) or [projects.named(stem.name)]
            since = path.stat().st_mtime_ns
            yield _Package(stem.name, stem.version, "conda", files, since, frozenset(listed))


def _expected(entry: Mapping[str, Any]) -> Iterator[_Expected]:
    path, kind = str(entry.get("_path") or ""), entry.get("path_type")
    if not path or kind in ("directory", "pyc_file") or _is_bytecode(path):
        return
    is_prefixed = bool(entry.get("prefix_placeholder"))
    digest, size = entry.get("sha256_in_prefix") or entry.get("sha256"), entry.get("size_in_bytes")
    if is_prefixed or kind not in ("hardlink", "softlink"):
        # The file was written when it was linked; the archive's size and hash are not its own.
        digest, size = entry.get("sha256_in_prefix"), None
    is_small = is_prefixed and entry.get("file_mode") == "text"
    yield _Expected(path, size if isinstance(size, int) else None, digest, is_small, kind == "softlink")


def _of_pip(prefix: Path) -> Iterator[_Package]:
    for package in pypi_packages(prefix):
        marks = [package.dist_info, package.dist_info / "RECORD", package.dist_info / "INSTALLER"]
        since = max((path.stat().st_mtime_ns for path in marks if path.exists()), default=0)
        files = list(recorded(prefix, package.dist_info))
        yield _Package(package.name, package.version, "pypi", files, since, frozenset([package.name]), package)


def recorded(prefix: Path, dist_info: Path) -> Iterator[_Expected]:
    """Yield the files inside the prefix that a RECORD lists. The package's author wrote it, so it is not trusted."""
    folder = os.path.relpath(dist_info.parent, prefix)
    try:
        rows = list(csv.reader((dist_info / "RECORD").read_text("utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        return
    for row in rows:
        if not row or os.path.isabs(row[0]) or "\0" in row[0] or _is_bytecode(row[0]):  # noqa: PTH117
            continue
        inside = os.path.normpath(os.path.join(folder, row[0]))
        if inside.startswith(os.pardir):
            continue
        digest, size = [*row, "", ""][1:3]
        yield _Expected(inside.replace(os.sep, "/"), int(size) if size.isdigit() else None, _hexadecimal(digest))


def _hexadecimal(text: str) -> str | None:
    """Return the SHA-256 in RECORD's form (``sha256=`` and urlsafe Base64) as hexadecimal digits."""
    method, _, digest = text.partition("=")
    if method != "sha256":
        return None
    try:
        return base64.urlsafe_b64decode(digest + "=" * (-len(digest) % 4)).hex()
    except ValueError:
        return None


def _is_bytecode(path: str) -> bool:
    return path.endswith(".pyc") and "__pycache__/" in path


def _sha256(path: str) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def is_intact(prefix: Path, dist_info: Path) -> bool:
    """Return whether all files of a Python package are as its RECORD says. Reads every file."""
    files = list(recorded(prefix, dist_info))
    package = _Package("", "", "pypi", files, 0, frozenset())
    comparison = _Comparison(os.fspath(prefix), True, [package])
    return not comparison.damages()


def altered_in(folder: Path, paths: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether a file of an unpacked package differs from its entry in the package's ``paths.json``."""
    for entry in paths:
        digest, path = entry.get("sha256"), folder / str(entry.get("_path"))
        if entry.get("path_type") == "hardlink" and digest and (not path.is_file() or _sha256(str(path)) != digest):
            return True
    return False
