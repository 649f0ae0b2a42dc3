"""Find the Python packages in a prefix that conda does not own, such as those that pip or uv installed.

A conda package that pip replaced is one of them.
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ...pypi.names import normalize
from ...versions import minor_of
from .records import load_json, names_in, record_files, stem_of

_WINDOWS = sys.platform == "win32"


@dataclass(frozen=True)
class PypiPackage:
    """Python package that conda does not own. ``name`` is normalized (PEP 503)."""

    name: str
    version: str
    dist_info: Path

    @property
    def is_direct(self) -> bool:
        """Whether the package came from a path or a URL, not from an index (PEP 610)."""
        return (self.dist_info / "direct_url.json").is_file()


def site_packages(prefix: Path, python: str | None = None) -> Path | None:
    """Return the ``site-packages`` directory, or None if it does not exist.

    ``python`` is Python's version if it is known, which saves listing a directory. The directories of free-threaded
    builds end in ``t``.
    """
    if _WINDOWS:
        found = prefix / "Lib" / "site-packages"
        return found if found.is_dir() else None
    lib = prefix / "lib"
    if python is not None:
        for suffix in ("", "t"):
            found = lib / f"python{minor_of(python)}{suffix}" / "site-packages"
            if found.is_dir():
                return found
    return next((path for path in sorted(lib.glob("python3.*/site-packages")) if path.is_dir()), None)


def _installer(dist_info: str) -> str:
    try:
        file = os.open(f"{dist_info}{os.sep}INSTALLER", os.O_RDONLY)
    except OSError:
        return ""
    try:
        return os.read(file, 100).decode("utf-8", "replace").strip().lower()
    finally:
        os.close(file)


def _recorded(dist_info: Path, prefix: Path) -> bool:
    """Return whether a conda record lists this directory's RECORD, with its current contents."""
    inside = f"{dist_info.parent.name}/{dist_info.name}/RECORD"
    for path in record_files(prefix):
        try:
            if inside.encode() not in path.read_bytes():
                continue
        except OSError:
            continue
        for entry in load_json(path).get("paths_data", {}).get("paths", []):
            if str(entry.get("_path", "")).endswith(inside):
                digest = entry.get("sha256_in_prefix") or entry.get("sha256")
                try:
                    content = (dist_info / "RECORD").read_bytes()
                except OSError:
                    return False
                return digest is None or hashlib.sha256(content).hexdigest() == digest
        return True
    return False


def unowned(prefix: str, folder: str, entries: Iterable[str]) -> list[PypiPackage]:
    """Return the Python packages that conda does not own, among these entries of ``folder`` (site-packages).

    conda owns a ``.dist-info`` if INSTALLER says so or, without an INSTALLER, if a conda package has the same name and
    version. In all other cases, conda owns it if a conda record lists its RECORD and the contents are unchanged. pip
    rewrites both files, so this also finds a package that pip installed over conda's.
    """
    found = []
    versions: dict[str, str] | None = None
    for entry in sorted(entries):
        written, dash, version = entry.removesuffix(".dist-info").partition("-")
        if not dash or not entry.endswith(".dist-info"):
            continue
        name = normalize(written)
        installer = _installer(f"{folder}{os.sep}{entry}")
        if installer == "conda":
            continue
        if not installer:
            versions = _versions(Path(prefix)) if versions is None else versions
            if is_version_of(name, version, versions):
                continue
        dist_info = Path(folder, entry)
        if not any((dist_info / name).exists() for name in ("METADATA", "RECORD")):
            continue  # only a directory, left by a program that deleted the files of the package
        if not _recorded(dist_info, Path(prefix)):
            found.append(PypiPackage(name, version, dist_info))
    return found


def _versions(prefix: Path) -> dict[str, str]:
    stems = (stem_of(path.name) for path in record_files(prefix))
    return {stem.name: stem.version for stem in stems if stem}


def is_version_of(name: str, version: str, versions: Mapping[str, str]) -> bool:
    """Return whether a project's conda package has this version; conda's name may have ``_`` instead of ``-``."""
    return version in (versions.get(name), versions.get(name.replace("-", "_")))


def pypi_packages(prefix: Path) -> list[PypiPackage]:
    """Return the Python packages of an environment that conda does not own, sorted by name."""
    folder = site_packages(prefix)
    return unowned(str(prefix), str(folder), names_in(folder)) if folder else []
