"""Refuse packages whose files would be written outside the prefix, directly or through a link.

rattler joins the paths in ``info/paths.json`` to the prefix without checks, so every unpacked package is validated
before rattler links it. A package is refused for

- a path that is absolute, contains ``..``, names a drive, or is invalid;
- a path that is reserved for the environment (``conda-meta``), for rattler or for us;
- a path behind a link that leads out of the prefix, whichever package of the change or of the environment has the link,
  and such a link where the environment has a directory. Packages do follow links that a user made;
- a link to an existing file outside, by itself or through other links, unless the file is the system's
  (``/usr/share/zoneinfo``);
- a file whose contents would come from outside the unpacked package.

Links to nothing, or to other packages' files inside the prefix, are common in honest packages and are allowed.
"""

# Paths are strings because tens of thousands of them are validated.
# ruff: noqa: PTH112, PTH114, PTH115, PTH118
from __future__ import annotations

import os
import threading
from collections import ChainMap
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from .package_reading import PackageFiles, PackageReading
from .package_rules import Link, found_outside, key, leads_out, refusal, shows, through


class PackagePaths:
    """Validator for the packages of one change, in any order and from any thread.

    ``prefix`` is the environment's path, and ``begins_with`` the tree that the change starts from (None for a new one).
    ``kept`` are the files in it of packages that stay. ``site`` is the directory for ``noarch: python`` packages.
    """

    def __init__(self, prefix: Path, begins_with: Path | None, kept: Collection[str], site: str) -> None:
        self._prefix, self._begins_with, self._kept, self._site = prefix, begins_with, kept, site
        self._lock = threading.Lock()
        self._known = PackageFiles()
        #: The package of each link.
        self._linked_by: dict[str, str] = {}
        #: Links whose path is also a file's, or a directory above a file.
        self._crossed: set[str] = set()

    def admit(self, name: str, unpacked: Path) -> list[str]:
        """Validate one unpacked package, and return the paths of its files in the prefix, without its links.

        ``name`` contains the package's name, version and build. Raises JobFailed, naming the package and the path, if
        it is refused.
        """
        package = PackageReading(name, unpacked, self._site, self._prefix).read()
        with self._lock:
            self._require_apart(name, package)
            self._known.files.update(package.files)
            self._known.folders.update(package.folders)
            self._known.links.update(package.links)
            self._linked_by.update(dict.fromkeys(package.links, name))
        return [path for place, path in package.files.items() if place not in self._known.links]

    def _require_apart(self, name: str, package: PackageFiles) -> None:
        """Refuse a package if, together with the others, a file would be written through a link that leads out."""
        known, links = self._known, ChainMap(package.links, self._known.links)
        crossed = {
            place
            for linked in (package.links, known.links)
            for place in (*(linked.keys() & package.files.keys()), *(linked.keys() & package.folders.keys()))
        }
        crossed |= package.links.keys() & known.files.keys() | package.links.keys() & known.folders.keys()
        for place in sorted(crossed | self._crossed if package.links else crossed):
            if self._leads_out(links[place], links):
                raise refusal(name, through(package.behind(place), links[place].place))
        self._crossed |= crossed
        for folder in package.folders.values():
            link = self._kept_link(folder)
            if link is not None and self._leads_out(link, links):
                raise refusal(name, through(package.behind(key(folder)), folder))
        for link in package.links.values() if self._begins_with is not None else ():
            there = os.path.join(self._begins_with or "", link.place)
            if os.path.isdir(there) and not os.path.islink(there) and self._leads_out(link, links):
                raise refusal(name, through(None, link.place))

    def showing(self) -> tuple[str, str] | None:
        """Return an admitted package with a link to a file outside, and what is wrong with it, or None."""
        with self._lock:
            for place, link in self._known.links.items():
                outside = found_outside(link, self._link_at(self._known.links), self._prefix)
                if outside is not None:
                    return self._linked_by[place], shows(link.place, outside)
        return None

    def _kept_link(self, path: str) -> Link | None:
        """Return the link at ``path`` that belongs to a package that stays, or None."""
        if self._begins_with is None or path not in self._kept:
            return None
        try:
            return Link(path, os.readlink(os.path.join(self._begins_with, path)).replace(os.sep, "/"))
        except OSError:
            return None

    def _leads_out(self, link: Link, links: Mapping[str, Link]) -> bool:
        """Return whether a link leads out of the prefix, by itself or through other links of packages."""
        return leads_out(link, self._link_at(links))

    def _link_at(self, links: Mapping[str, Link]) -> Callable[[str], Link | None]:
        return lambda path: links.get(key(path)) or self._kept_link(path)
