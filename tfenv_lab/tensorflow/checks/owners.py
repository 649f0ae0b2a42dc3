"""Tell which package a module belongs to."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ...sentences import say
from .evidence import Observed, Subject
from .models import Remedy


@dataclass(frozen=True)
class Owner:
    """A package that has a module, or the package around it.

    ``by_pip`` says that pip or uv installed it, and ``has_module`` that its list of files has the module itself.
    """

    name: str
    version: str
    by_pip: bool
    has_module: bool = True

    @property
    def title(self) -> str:
        return f"{self.name} {self.version}"


def blamed(prefix: Path, observed: Observed, error: Mapping[str, Any]) -> tuple[str | None, Owner | None]:
    """Return the module that an error is about, and the package that has it; None for what is not known."""
    module: str | None = error.get("module")
    paths = [path for path in (error.get("path"), *reversed(error.get("files", ()))) if path]
    if module is not None:
        for paths_of_one in _paths_of(module):
            owner = _owner(observed, paths_of_one)
            if owner is not None:
                return module, replace(owner, has_module=paths_of_one[0] == f"{module.replace('.', '/')}/__init__.py")
        return module, _owner_of_file(prefix, observed, error["path"]) if error.get("path") else None
    for path in paths[:1]:
        owner = _owner_of_file(prefix, observed, path)
        if owner is not None:
            return _module_at(path), owner
    return None, None


def _paths_of(module: str) -> Iterator[tuple[str, ...]]:
    """Yield the paths below site-packages that a module can have, and those of the packages around it."""
    parts = module.split(".")
    for end in range(len(parts), 0, -1):
        path = "/".join(parts[:end])
        yield f"{path}/__init__.py", f"{path}.py", f"{path}.", f"{path}/"


def _owner_of_file(prefix: Path, observed: Observed, path: str) -> Owner | None:
    _, found, below = path.replace("\\", "/").rpartition("site-packages/")
    return _owner(observed, (below,)) if found and Path(path).is_relative_to(prefix) else None


def _module_at(path: str) -> str:
    below = path.replace("\\", "/").rpartition("site-packages/")[2]
    return below.removesuffix(".py").removesuffix("/__init__").split(".")[0].replace("/", ".")


def _owner(observed: Observed, starts: tuple[str, ...]) -> Owner | None:
    """Return the package with a file whose path below site-packages begins with one of these texts."""
    for entry in observed.distributions:
        if entry["name"] in observed.unowned:
            folder = Path(entry["location"])
            written = entry["name"].replace("-", "_")
            for record in folder.glob(f"*-{entry['version']}.dist-info/RECORD"):
                if record.parent.name.lower().replace("-", "_").startswith(written) and _has(record, starts):
                    return Owner(entry["name"], entry["version"], True)
    for name, package in observed.conda.items():
        for file in package.files:
            _, found, below = file.rpartition("site-packages/")
            if found and below.startswith(starts):
                return Owner(name, package.version, False)
    return None


def _has(record: Path, starts: tuple[str, ...]) -> bool:
    try:
        with record.open(encoding="utf-8", newline="") as lines:
            return any(row and row[0].startswith(starts) for row in csv.reader(lines))
    except (OSError, ValueError, csv.Error):
        return False


def reinstall(subject: Subject, name: str) -> Remedy:
    """Return the remedy for a package whose files are missing or belong to another version."""
    return Remedy(say("Restore the files of {name}.", name=name), subject.repair())
