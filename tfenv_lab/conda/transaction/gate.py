"""Validate every package before rattler links it, while rattler reports what it does."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from ...disk import faults
from ...errors import TfenvError
from ...sentences import say
from . import package_cache
from .engaged import Engaged
from .package_paths import PackagePaths
from .package_rules import refusal
from .progress import InstallProgress

#: Number of a package's files that are looked for, to know which part of it is linked.
_SAMPLE = 100


class Gate:
    """rattler's reporter, which validates every unpacked package before rattler links it.

    rattler fetches, unpacks and links in one call, and a reporter cannot stop it. But rattler links what it reads from
    the unpacked package, so a refused package is removed from the cache: rattler then finds neither files to link nor
    directories to create. rattler reads a cached package when it looks it up, so such a package is validated before
    that. If it is refused, it is downloaded again, because only the cached copy may be bad. Packages are linked into
    ``tree``. ``is_clone`` says whether it has files of an existing environment, of which ``kept`` stay.
    """

    def __init__(
        self,
        steps: InstallProgress,
        stems: Mapping[str, str],
        paths: PackagePaths,
        tree: Path,
        is_clone: bool,
        kept: Collection[str],
        cache: Path,
        engaged: Engaged,
        linked: Callable[[str, Iterable[str]], None],
    ) -> None:
        """Call ``linked`` with the name and the files of each package that is linked."""
        self._engaged, self._linked = engaged, linked
        self._files: dict[str, list[str]] = {}
        self._names: dict[int, str] = {}
        self._steps, self._stems, self._paths = steps, stems, paths
        self._tree, self._is_clone, self._kept, self._cache = tree, is_clone, kept, cache
        #: Some files of the packages that are being linked, by package.
        self._linking: dict[str, list[str]] = {}
        self._admitted: dict[str, tuple[int, ...]] = {}
        self._refusals: dict[str, TfenvError] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._steps, name)

    @property
    def refused(self) -> TfenvError | None:
        """The first package's refusal, or None if all packages were admitted in the end."""
        return next(iter(self._refusals.values()), None)

    def on_populate_cache_start(self, operation: int, package_name: str) -> int:
        if os.path.lexists(self._unpacked(package_name)):
            self._admit(package_name)
        self._engaged.begin("unpacked", self._stems[package_name])
        token = self._steps.on_populate_cache_start(operation, package_name)
        self._names[token] = package_name
        return token

    def on_populate_cache_complete(self, cache_entry: int) -> None:
        self._engaged.end("unpacked", self._stems[self._names[cache_entry]])
        self._steps.on_populate_cache_complete(cache_entry)

    def on_link_start(self, operation: int, package_name: str) -> int:
        self._admit(package_name)
        self._engaged.begin("linked", self._stems[package_name])
        token = self._steps.on_link_start(operation, package_name)
        self._names[token] = package_name
        files = self._files.get(package_name, [])
        self._linking[package_name] = files[:: len(files) // _SAMPLE + 1]
        return token

    def on_link_complete(self, index: int) -> None:
        name = self._names[index]
        self._linking.pop(name, None)
        self._engaged.end("linked", self._stems[name])
        self._steps.on_link_complete(index)
        if name not in self._refusals:
            self._linked(name, self._files[name])

    def look(self) -> None:
        """Report which part of each package that is being linked is there, which rattler does not report."""
        for name, files in list(self._linking.items()):
            if files:
                there = sum(os.path.lexists(os.path.join(self._tree, path)) for path in files)  # noqa: PTH118
                self._steps.on_linked_part(name, there / len(files))

    def require_links_inside(self) -> None:
        """Raise JobFailed for a link that leads to a file outside through other links; all are known after linking."""
        found = self._paths.showing()
        if found is not None:
            with contextlib.suppress(OSError):
                package_cache.throw_away(self._cache / found[0])
            raise refusal(*found)

    def _unpacked(self, name: str) -> Path:
        return self._cache / self._stems[name]

    def _admit(self, name: str) -> None:
        """Validate an unpacked package unless that is done; remove a refused one."""
        try:
            status = (self._unpacked(name) / "info" / "index.json").lstat()
            mark = (status.st_dev, status.st_ino, status.st_mtime_ns)
            if self._admitted.get(name) != mark:
                files = self._paths.admit(self._stems[name], self._unpacked(name))
                self._make_way(files)
                self._files[name] = files
                self._admitted[name] = mark
            self._refusals.pop(name, None)
        except Exception as error:
            wrong = faults.of_system(error, say("Nothing was changed."))
            if wrong is None:
                wrong = error if isinstance(error, TfenvError) else refusal(self._stems[name], say("it cannot be read"))
            wrong.__cause__ = wrong.__cause__ or (error if error is not wrong else None)
            self._refusals[name] = wrong
            # If it cannot be removed, it is linked, but the refusal ends the change.
            with contextlib.suppress(OSError):
                package_cache.throw_away(self._unpacked(name))

    def _make_way(self, files: Iterable[str]) -> None:
        """Remove users' links at the paths of a package's files, which would be written through the links.

        An empty directory at such a path is removed, too; rattler cannot replace it.
        """
        if self._is_clone:
            for path in files:
                there = os.path.join(self._tree, path)  # noqa: PTH118 - thousands of them
                if os.path.islink(there) and path not in self._kept:  # noqa: PTH114
                    os.unlink(there)  # noqa: PTH108
                elif os.path.isdir(there):  # noqa: PTH112
                    with contextlib.suppress(OSError):
                        os.rmdir(there)  # noqa: PTH106
