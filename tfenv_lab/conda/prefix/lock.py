"""Convert packages to and from rattler's ``LockFile``, which plans, revisions and exports contain.

A lock holds conda packages and distributions from a package index, as in pixi.lock.
"""

from __future__ import annotations

import hashlib
import json
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from rattler import LockChannel, LockFile, LockPlatform, RepoDataRecord

from ...pypi.models import Distribution
from ...pypi.names import normalize
from ...pypi.requirements import is_requirement

if TYPE_CHECKING:
    from rattler import PackageRecord, PypiLockedPackage

ENVIRONMENT = "default"
#: The file name of a package, and the name and version of a project, in their entries.
_CONDA = re.compile(r"^- conda: .*/([^/\n]+?)(?:\.conda|\.tar\.bz2)$", re.MULTILINE)
_PROJECT = re.compile(r"^- pypi: .*\n  name: (.+)\n  version: (.+)$", re.MULTILINE)
#: Beginning of a distribution's entry in ``packages``, up to where its hash belongs.
_ENTRY = re.compile(r"^- pypi: (?P<location>.*)\n(?:  (?:name|version): .*\n)+", re.MULTILINE)


def dumps(
    records: Iterable[RepoDataRecord],
    channels: Sequence[str],
    subdir: str,
    distributions: Iterable[Distribution] = (),
) -> str:
    """Return the lock of packages for one subdir as text, in rattler's lock format, which pixi.lock uses."""
    platform = LockPlatform(subdir)
    lock = LockFile([platform])
    lock.set_channels(ENVIRONMENT, [LockChannel(url) for url in channels])
    for record in records:
        lock.add_conda_package(ENVIRONMENT, platform, record)
    found = {each.url: each for each in distributions}
    for each in found.values():
        lock.add_pypi_package(ENVIRONMENT, platform, each.name, each.version, each.url)
    with tempfile.TemporaryDirectory() as folder:
        # The bindings can only write to a path.
        path = Path(folder) / "lock.yml"
        lock.to_path(path)
        text = path.read_text(encoding="utf-8")
    return _completed(text, found) if found else text


def _completed(text: str, distributions: Mapping[str, Distribution]) -> str:
    """Add the hashes and the dependencies of distributions (by URL), which the bindings read but cannot write.

    A hash needs quotes, because YAML takes ``1e5`` for a number. A JSON string is also one in YAML.
    """
    import yaml

    def completed(entry: re.Match[str]) -> str:
        each = distributions[yaml.safe_load(entry["location"])]
        lines = [f"  sha256: {json.dumps(each.sha256)}\n"] if each.sha256 else []
        needs = [need for need in each.requires if is_requirement(need)]
        if needs:
            lines += ["  requires_dist:\n", *(f"  - {json.dumps(need)}\n" for need in needs)]
        return entry[0] + "".join(lines)

    before, packages, entries = text.partition("\npackages:\n")
    return before + packages + _ENTRY.sub(completed, entries)


def digest(records: Iterable[PackageRecord], distributions: Iterable[Distribution] = ()) -> str:
    """Return the SHA-256 of packages: names, versions, builds or wheel tags, and hashes, sorted.

    Two environments with the same digest have the same packages.
    """
    lines = [
        *(f"{r.name.normalized} {r.version} {r.build} {r.sha256.hex() if r.sha256 else ''}" for r in records),
        *(f"{each.name} {each.version} {each.tag} {each.sha256 or each.url}" for each in distributions),
    ]
    return hashlib.sha256("\n".join(sorted(lines)).encode()).hexdigest()


def load(path: Path, name: str = ENVIRONMENT) -> dict[str, list[RepoDataRecord]]:
    """Return the records of an environment in a lock by subdir.

    Raises OSError, or ValueError if the file is not a lock, or has no such environment.
    """
    try:
        environment = LockFile.from_path(path).environment(name)
        records = environment.conda_repodata_records() if environment is not None else None
    except OSError:
        raise
    except Exception as error:  # the bindings raise a bare Exception subclass for a parse error
        raise ValueError(f"not a lock: {error}") from error
    if records is None:
        raise ValueError(f"the lock has no environment “{name[:40]}”")
    return records


def loads(text: str, name: str = ENVIRONMENT) -> dict[str, list[RepoDataRecord]]:
    """Return the records of a lock by subdir, from its text. Raises ValueError if it is not a lock."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lock.yml"
        path.write_text(text, encoding="utf-8")
        return load(path, name)


def named_in(text: str) -> tuple[set[str], set[tuple[str, str]]]:
    """Return what a lock names, without reading it whole: file names of packages, and projects with their versions.

    The file names are without their extension, as ``record_stem`` has them.
    """
    projects = ((normalize(name), version.strip("'\"")) for name, version in _PROJECT.findall(text))
    return set(map(unquote, _CONDA.findall(text))), set(projects)


def distributions(text: str, subdir: str, name: str = ENVIRONMENT) -> list[Distribution]:
    """Return the distributions of a lock for one subdir, without their sizes; :func:`loads` must accept the lock."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lock.yml"
        path.write_text(text, encoding="utf-8")
        environment = LockFile.from_path(path).environment(name)
    packages = environment.pypi_packages() if environment is not None else {}
    return [
        Distribution(
            normalize(package.name),
            str(package.version or ""),
            _url(str(package.location)),
            _sha256(package),
            requires=tuple(package.requires_dist),
        )
        for package in packages.get(subdir, ())
    ]


def _url(location: str) -> str:
    """Return the URL of a location; the bindings turn ``file:`` URLs into paths."""
    return Path(location).as_uri() if Path(location).is_absolute() else location


def _sha256(package: PypiLockedPackage) -> str | None:
    try:
        found = package.hashes.sha256 if package.hashes else None
    except AttributeError:  # the bindings wrap None if the lock has no hash
        return None
    return found.hex() if found else None
