"""Python packages in a prefix that conda did not put there: pip's, uv's, and what pip wrote over conda's."""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from .records import PackageStem, load_json, names_in, record_files, stem_of

_WINDOWS = sys.platform == "win32"


@dataclass(frozen=True)
class PypiPackage:
    """A Python package that conda does not own. ``name`` is normalized (PEP 503)."""

    name: str
    version: str
    dist_info: Path


def normalize(name: str) -> str:
    """Return a project's name as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def site_packages(prefix: Path, python: str | None = None) -> Path | None:
    """Return the directory of the Python packages, or None where there is none.

    ``python`` is the version where it is known (it saves a listing). Free-threaded builds end in ``t``.
    """
    if _WINDOWS:
        found = prefix / "Lib" / "site-packages"
        return found if found.is_dir() else None
    lib = prefix / "lib"
    if python is not None:
        short = ".".join(python.split(".")[:2])
        for suffix in ("", "t"):
            found = lib / f"python{short}{suffix}" / "site-packages"
            if found.is_dir():
                return found
    return next((path for path in sorted(lib.glob("python3.*/site-packages")) if path.is_dir()), None)


def _installer(dist_info: Path) -> str:
    try:
        return (dist_info / "INSTALLER").read_text(encoding="utf-8").strip().lower()
    except (OSError, UnicodeDecodeError):
        return ""


def _recorded(dist_info: Path, inside: str, files: list[Path]) -> bool:
    """Return whether a conda record lists this directory's RECORD with the contents that it has now."""
    needle = f"{inside}/RECORD".encode()
    for path in files:
        try:
            if needle not in path.read_bytes():
                continue
        except OSError:
            continue
        for entry in load_json(path).get("paths_data", {}).get("paths", []):
            if str(entry.get("_path", "")).endswith(f"{inside}/RECORD"):
                digest = entry.get("sha256_in_prefix") or entry.get("sha256")
                try:
                    return (
                        digest is None
                        or hashlib.sha256((dist_info / "RECORD").read_bytes()).hexdigest() == digest
                    )
                except OSError:
                    return False
        return True
    return False


def pypi_packages(
    prefix: Path, names: Collection[str] | None = None, folder: Path | None = None
) -> list[PypiPackage]:
    """Return the Python packages that conda does not own, by name.

    Of ``names`` (normalized) only, if given; ``folder`` is the directory of the Python packages where it is
    known.

    A ``.dist-info`` is conda's where its INSTALLER says so, or, without one, where a conda package has the
    same name and version; in doubt, where a conda record lists its RECORD and the contents are still the
    recorded ones. pip rewrites both files, so a package installed over conda's is found.
    """
    folder = folder or site_packages(prefix)
    if folder is None:
        return []
    files = record_files(prefix)
    stems = {(normalize(stem.name), stem.version) for stem in map(_stem_of_path, files) if stem}
    found = []
    for entry in sorted(names_in(folder)):
        name, dash, version = entry.removesuffix(".dist-info").partition("-")
        if not entry.endswith(".dist-info") or not dash:
            continue
        name = normalize(name)
        if names is not None and name not in names:
            continue
        dist_info = folder / entry
        installer = _installer(dist_info)
        if installer == "conda" or (not installer and (name, version) in stems):
            continue
        if not _recorded(dist_info, f"{folder.name}/{entry}", files):
            found.append(PypiPackage(name, version, dist_info))
    return found


def _stem_of_path(path: Path) -> PackageStem | None:
    return stem_of(path.name)
