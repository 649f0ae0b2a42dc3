"""Tell which project of PyPI a conda package provides, and in which version.

A project that conda provides must not be installed from a package index as well: both would write the same files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ...pypi.names import normalize
from ...tensorflow_packages import DISTRIBUTIONS, LEADS
from .records import OwnedFiles, load_json, record_name, record_stem

if TYPE_CHECKING:
    from rattler import RepoDataRecord

#: Projects whose conda packages have other names (from the sources that conda-forge's recipes name).
_KNOWN = {
    "brotli-python": "brotli",
    "dask-core": "dask",
    "docker-py": "docker",
    "importlib_metadata": "importlib-metadata",
    "matplotlib-base": "matplotlib",
    "msgpack-python": "msgpack",
    "opencv": "opencv-python",
    "py-opencv": "opencv-python",
    "py-xgboost": "xgboost",
    "pyqt": "pyqt5",
    "pysoundfile": "soundfile",
    "pysox": "sox",
    "pytables": "tables",
    "python-blosc": "blosc",
    "python-flatbuffers": "flatbuffers",
    "python-graphviz": "graphviz",
    "python-igraph": "igraph",
    "python-lmdb": "lmdb",
    "python-sounddevice": "sounddevice",
    "python-tzdata": "tzdata",
    "python-xxhash": "xxhash",
    "pytorch": "torch",
    "redis-py": "redis",
    "seaborn-base": "seaborn",
    "tensorflow-base": "tensorflow",
}
#: Libraries and programs on conda-forge without a Python module. Projects with their names are other packages.
_LIBRARIES = {
    *("blosc", "brotli", "ffmpeg", "flatbuffers", "graphviz", "igraph", "jq", "leveldb", "libclang", "lmdb", "pandoc"),
    *("redis", "rocksdb", "snappy", "sox", "tzdata", "xxhash", "zopfli", "zstd"),
}
_DIST_INFO = re.compile(
    r"(?:^|/)site-packages/([^/]+?)-([^/-]+)(?:-py[\d.]+)?\.(?:dist-info/METADATA|egg-info(?:/PKG-INFO)?)$"
)


def provided(
    records: Iterable[RepoDataRecord], cache: Path, installed: Mapping[str, OwnedFiles] | None = None
) -> dict[str, str]:
    """Return the versions of the projects that these packages provide, by normalized name.

    ``installed`` are the files of installed packages by the names of their records, and ``cache`` is the package cache;
    where neither has a package's files, the table above and the package's name tell.
    """
    found: dict[str, str] = {}
    for record in records:
        own = (installed or {}).get(record_name(record))
        files = own.files if own else _cached(cache, record)
        for name, version in _in_files(files) if files is not None else _in_record(record):
            found[name] = version
        if record.name.normalized in LEADS:
            # Each of these contains the module "tensorflow", so none may be installed beside another.
            version = str(record.version)
            found.update((name, version) for name in DISTRIBUTIONS if name not in found)
    return found


def listed(files: Iterable[str]) -> dict[str, str]:
    """Return the versions of the projects whose metadata is among a package's files, by normalized name."""
    return dict(_in_files(files))


def named(package: str) -> str:
    """Return the normalized name of the project that a package with Python modules provides, judging by its name."""
    return _KNOWN.get(package, normalize(package))


def is_library(package: str) -> bool:
    """Return whether a conda package is a library or a program, and the project with its name another package."""
    return package in _LIBRARIES


def _in_files(files: Iterable[str]) -> Iterable[tuple[str, str]]:
    for path in files:
        match = _DIST_INFO.search(path)
        if match:
            yield normalize(match[1]), match[2]


def _cached(cache: Path, record: RepoDataRecord) -> list[str] | None:
    """Return the paths in an unpacked package, or None if it is not in the cache."""
    paths = load_json(cache / record_stem(record) / "info" / "paths.json").get("paths")
    if not isinstance(paths, list):
        return None
    # Paths in noarch packages begin with "site-packages/".
    return [str(entry.get("_path")) for entry in paths if isinstance(entry, dict)]


def _in_record(record: RepoDataRecord) -> Iterable[tuple[str, str]]:
    name = record.name.normalized
    needs_python = any(text.split(" ")[0] in ("python", "python_abi") for text in record.depends)
    if name in _KNOWN or record.noarch.python or needs_python:
        yield named(name), str(record.version)
