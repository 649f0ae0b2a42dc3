"""Convert records to and from rattler's ``LockFile``, which plans, revisions and exports contain."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from rattler import LockChannel, LockFile, LockPlatform, RepoDataRecord

ENVIRONMENT = "default"


def dumps(records: Iterable[RepoDataRecord], channels: Sequence[str], subdir: str) -> str:
    """Return the lock of ``records`` for one subdir as text, in rattler's lock format, which pixi.lock uses."""
    platform = LockPlatform(subdir)
    lock = LockFile([platform])
    lock.set_channels(ENVIRONMENT, [LockChannel(url) for url in channels])
    for record in records:
        lock.add_conda_package(ENVIRONMENT, platform, record)
    with tempfile.TemporaryDirectory() as folder:
        # The bindings can only write to a path.
        path = Path(folder) / "lock.yml"
        lock.to_path(path)
        return path.read_text(encoding="utf-8")


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


def pypi_packages(text: str, subdir: str, name: str = ENVIRONMENT) -> list[tuple[str, str, str]]:
    """Return name, version and address of a lock's PyPI packages for one subdir; :func:`loads` must accept the lock."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "lock.yml"
        path.write_text(text, encoding="utf-8")
        environment = LockFile.from_path(path).environment(name)
    packages = environment.pypi_packages() if environment is not None else {}
    return [(package.name, str(package.version), str(package.location)) for package in packages.get(subdir, ())]
