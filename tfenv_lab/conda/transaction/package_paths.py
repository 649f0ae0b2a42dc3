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
# ruff: noqa: PTH110, PTH111, PTH112, PTH114, PTH115, PTH118
from __future__ import annotations

import json
import os
import re
import threading
import unicodedata
from collections import ChainMap
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ...disk.writes import is_within
from ...errors import JobFailed
from ...versions import minor_of
from ..prefix.records import record_stem
from .staging import MARK, META

if TYPE_CHECKING:
    from rattler import RepoDataRecord

#: Directory in which rattler puts files that several packages have (rattler's ``clobber_registry.rs``).
_CLOBBERS = "__clobbers__"
#: Directories of the system. A link into them does not expose a user's private files.
_SYSTEM = (
    *("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var/lib", "/var/run"),
    *("/Library", "/System"),
)
_DRIVE = re.compile(r"[A-Za-z]:")
#: File name that is valid on every platform and not one of ours.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*[A-Za-z0-9_]")
#: Maximum number of links that are followed in a row; the limit of Linux.
_MAX_HOPS = 40
_SHOWN = 200

_OUTSIDE = "would be written outside the environment"
_RESERVED = "would be written to a reserved path"


def fault(path: str) -> str | None:
    """Return the end of a sentence on why a path is refused, or None. Links are not considered."""
    # A backslash is a separator on Windows. Elsewhere a file name can contain it, but no honest package has one.
    plain = path.replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if not parts or "\0" in path:
        return "has an invalid path"
    if plain.startswith("/") or ".." in parts or _DRIVE.match(plain):
        return _OUTSIDE
    if os.name == "nt" and (":" in plain or any(not part.rstrip(" .") for part in parts)):
        return _OUTSIDE
    if key(parts[0].rstrip(" .")) in (META, _CLOBBERS) or any(key(part).startswith(MARK) for part in parts):
        return _RESERVED
    return None


def key(path: str) -> str:
    """Return a key that is equal for all spellings of a path that some file system treats as the same."""
    if path.isascii():
        return path.lower()
    # HFS+ ignores invisible characters, such as a zero-width joiner.
    visible = "".join(char for char in path if unicodedata.category(char) != "Cf")
    return unicodedata.normalize("NFC", visible).casefold()


def refusal(package: str, what: str, details: str = "") -> JobFailed:
    """Return the error for a package that is refused; ``what`` is the end of the sentence."""
    message = f"The package {shown(package)} was refused: {what}. Nothing was changed."
    return JobFailed(message, details or None, "Leave the package out, and report it to its channel.")


def shown(text: str) -> str:
    """Return a text from a package as one printable line of limited length."""
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


class _Link(NamedTuple):
    """Symbolic link: its path inside the prefix and its target."""

    place: str
    target: str


@dataclass
class _Package:
    """Paths that a package would have in the prefix, by ``key``.

    ``files`` has its files, ``folders`` the directories above its files and links, and ``links`` its symbolic links.
    """

    files: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    links: dict[str, _Link] = field(default_factory=dict)

    def behind(self, place: str) -> str | None:
        """Return a path of the package at ``place`` or behind it, or None if it has none there."""
        paths = {**{at: link.place for at, link in self.links.items() if at != place}, **self.files}
        return paths.get(place) or next((path for at, path in paths.items() if at.startswith(f"{place}/")), None)


class PackagePaths:
    """Validator for the packages of one change, in any order and from any thread.

    ``prefix`` is the environment's path, and ``begins_with`` the tree that the change starts from (None for a new one).
    ``kept`` are the files in it of packages that stay. ``site`` is the directory for ``noarch: python`` packages.
    """

    def __init__(self, prefix: Path, begins_with: Path | None, kept: Collection[str], site: str) -> None:
        self._prefix, self._begins_with, self._kept, self._site = prefix, begins_with, kept, site
        self._lock = threading.Lock()
        self._known = _Package()
        #: The package of each link.
        self._linked_by: dict[str, str] = {}
        #: Links whose path is also a file's, or a directory above a file.
        self._crossed: set[str] = set()

    def admit(self, name: str, unpacked: Path) -> list[str]:
        """Validate one unpacked package, and return the paths of its files in the prefix, without its links.

        ``name`` contains the package's name, version and build. Raises JobFailed, naming the package and the path, if
        it is refused.
        """
        package = _Reading(name, unpacked, self._site, self._prefix).read()
        with self._lock:
            self._require_apart(name, package)
            self._known.files.update(package.files)
            self._known.folders.update(package.folders)
            self._known.links.update(package.links)
            self._linked_by.update(dict.fromkeys(package.links, name))
        return [path for place, path in package.files.items() if place not in self._known.links]

    def _require_apart(self, name: str, package: _Package) -> None:
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
                raise refusal(name, _through(package.behind(place), links[place].place))
        self._crossed |= crossed
        for folder in package.folders.values():
            link = self._kept_link(folder)
            if link is not None and self._leads_out(link, links):
                raise refusal(name, _through(package.behind(key(folder)), folder))
        for link in package.links.values() if self._begins_with is not None else ():
            there = os.path.join(self._begins_with or "", link.place)
            if os.path.isdir(there) and not os.path.islink(there) and self._leads_out(link, links):
                raise refusal(name, _through(None, link.place))

    def showing(self) -> tuple[str, str] | None:
        """Return an admitted package with a link to a file outside, and what is wrong with it, or None."""
        with self._lock:
            for place, link in self._known.links.items():
                outside = _found_outside(link, self._link_at(self._known.links), self._prefix)
                if outside is not None:
                    return self._linked_by[place], _shows(link.place, outside)
        return None

    def _kept_link(self, path: str) -> _Link | None:
        """Return the link at ``path`` that belongs to a package that stays, or None."""
        if self._begins_with is None or path not in self._kept:
            return None
        try:
            return _Link(path, os.readlink(os.path.join(self._begins_with, path)).replace(os.sep, "/"))
        except OSError:
            return None

    def _leads_out(self, link: _Link, links: Mapping[str, _Link]) -> bool:
        """Return whether a link leads out of the prefix, by itself or through other links of packages."""
        return _leads_out(link, self._link_at(links))

    def _link_at(self, links: Mapping[str, _Link]) -> Callable[[str], _Link | None]:
        return lambda path: links.get(key(path)) or self._kept_link(path)


def _through(path: str | None, link: str) -> str:
    if path is None:
        return f"its link “{shown(link)}” leads out of the environment, and files behind it would be written there"
    return f"its file “{shown(path)}” {_OUTSIDE}, through the link “{shown(link)}”"


def _shows(link: str, outside: str) -> str:
    return f"its link “{shown(link)}” leads out of the environment, to {shown(outside)}"


def _is_absolute(target: str) -> bool:
    return target.startswith("/") or (os.name == "nt" and bool(target.startswith("\\") or _DRIVE.match(target)))


def _leads_out(link: _Link, at: Callable[[str], _Link | None]) -> bool:
    """Return whether a link leads out of the prefix; ``at`` returns the link at a path inside it, or None."""
    return _way_out(link, at) is not None


def _way_out(link: _Link, at: Callable[[str], _Link | None]) -> str | None:
    """Return the path, absolute or relative to the prefix, by which a link leaves the prefix, or None if it does not.

    ``at`` returns the link at a path inside the prefix, or None. Nothing outside the prefix is read.
    """
    waiting = link.target.split("/")[::-1]
    here = link.place.split("/")[:-1]
    if _is_absolute(link.target):
        return link.target
    hops = 0
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return "/".join(["..", *waiting[::-1]])
            here.pop()
            continue
        here.append(part)
        found = at("/".join(here))
        if found is not None:
            hops += 1
            if hops > _MAX_HOPS:
                return "/".join([*here, *waiting[::-1]])
            if _is_absolute(found.target):
                return "/".join([found.target, *waiting[::-1]])
            here.pop()
            waiting += found.target.split("/")[::-1]
    return None


def _found_outside(link: _Link, at: Callable[[str], _Link | None], prefix: Path) -> str | None:
    """Return the existing path outside the prefix that a link leads to, or None; the system's files do not count."""
    way = _way_out(link, at)
    if way is None:
        return None
    # The text alone is not enough: the meaning of “..” depends on the links before it.
    outside = os.path.realpath(os.path.join(prefix, way))
    if not os.path.lexists(outside) or is_within(outside, prefix) or _is_system(outside):
        return None
    return outside


class _Reading:
    """Reader of one unpacked package, which refuses it at the first fault."""

    def __init__(self, name: str, unpacked: Path, site: str, prefix: Path) -> None:
        self._name, self._root, self._site, self._prefix = name, os.fspath(unpacked), site, prefix
        self._links: dict[str, str] = {}
        self._special: set[str] = set()
        self._found = _Package()
        self._is_python = False
        #: Directories in the package that were validated.
        self._folders: set[str] = set()
        #: Directories that were recorded, each with its path in the prefix.
        self._noted: set[tuple[str, str]] = set()
        #: Directories in the prefix to which bytecode is written.
        self._compiled: set[str] = set()

    def read(self) -> _Package:
        self._walk()
        for meant in ("info", "info/index.json", "info/paths.json", "info/link.json", "info/files"):
            if meant in self._links or meant in self._special:
                raise refusal(self._name, f"its “{meant}” is not a regular file")
        self._is_python = self._json("info/index.json").get("noarch") == "python"
        listed = set()
        for entry in self._entries():
            listed.add(self._file(entry))
        for path in self._links:
            # On macOS rattler clones whole directories, including links that are not listed.
            if path in listed or not path.startswith("info/"):
                self._link(path)
        for command in self._commands() if self._is_python else ():
            self._place(f"{'Scripts' if os.name == 'nt' else 'bin'}/{command}")
        return self._found

    def _walk(self) -> None:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            with os.scandir(os.path.join(self._root, folder)) as entries:
                for entry in entries:
                    path = folder + entry.name
                    if entry.is_symlink():
                        self._links[path] = os.readlink(entry.path).replace(os.sep, "/")
                    elif entry.is_dir(follow_symlinks=False):
                        waiting.append(f"{path}/")
                    elif not entry.is_file(follow_symlinks=False):
                        self._special.add(path)

    def _json(self, path: str) -> dict[str, Any]:
        try:
            found = json.loads(Path(self._root, path).read_bytes())
        except FileNotFoundError:
            raise
        except (OSError, ValueError, RecursionError) as error:
            raise refusal(self._name, f"its “{path}” cannot be read") from error
        if not isinstance(found, dict):
            raise refusal(self._name, f"its “{path}” cannot be read")
        return found

    def _entries(self) -> Iterator[dict[str, Any]]:
        """Yield the entries of ``info/paths.json``, or equivalent ones for an older package without that file."""
        try:
            entries = self._json("info/paths.json").get("paths")
        except FileNotFoundError:
            text = Path(self._root, "info", "files").read_text(encoding="utf-8")
            # Split lines as Rust does.
            lines = [line.strip() for line in text.split("\n") if line.strip()]
            entries = [
                {"_path": line, "path_type": "softlink" if line in self._links else "hardlink"} for line in lines
            ]
        if not isinstance(entries, list):
            raise refusal(self._name, "its “info/paths.json” cannot be read")
        for entry in entries:
            if not isinstance(entry, dict) or not isinstance(entry.get("_path"), str):
                raise refusal(self._name, "its “info/paths.json” cannot be read")
            yield entry

    def _commands(self) -> Iterator[str]:
        """Yield the names of the commands that rattler writes for a ``noarch: python`` package."""
        try:
            noarch = self._json("info/link.json").get("noarch")
        except FileNotFoundError:
            return
        points = noarch.get("entry_points") if isinstance(noarch, dict) else None
        for point in points or ():
            command = str(point).partition("=")[0].strip()
            if "/" in command or "\\" in command or command.startswith(".") or fault(command):
                raise refusal(self._name, f"its command “{shown(command)}” {_OUTSIDE}")
            yield command

    def _file(self, entry: Mapping[str, Any]) -> str:
        """Process one entry, and return its path on disk."""
        path = self._checked(entry["_path"])
        if path in self._special:
            raise refusal(self._name, f"its “{shown(path)}” is neither a file nor a link")
        if entry.get("path_type") == "directory" and path not in self._links:
            self._above(f"{path}/", f"{self._there(path)}/")
        elif path not in self._links:
            self._place(path)
        elif entry.get("path_type") != "softlink" or entry.get("no_link") or entry.get("prefix_placeholder"):
            # rattler follows this link and copies its target.
            source = os.path.join(self._root, path)
            if os.path.exists(source) and not is_within(source, self._root):
                raise refusal(self._name, f"its file “{shown(path)}” would be copied from outside the package")
        return path

    def _checked(self, path: str) -> str:
        """Return a path on disk, without empty parts and ``.``; refuse one that leads out of the prefix."""
        folder, _, name = path.rpartition("/")
        # Thousands of files share a directory, so usually only the name has to be validated.
        if folder and folder in self._folders and _PLAIN.fullmatch(name):
            return path
        wrong = fault(path)
        if wrong is not None:
            raise refusal(self._name, f"its file “{shown(path)}” {wrong}")
        plain = "/".join(part for part in path.split("/") if part not in ("", "."))
        if plain == path:
            self._folders.add(folder)
        return plain

    def _place(self, path: str) -> None:
        """Record the path of a file in the prefix, and the directories above it."""
        there = self._there(path)
        self._found.files[key(there)] = there
        folder = self._above(path, there)
        if path.endswith(".py") and folder not in self._compiled:
            # We or Python write its bytecode to this directory.
            self._compiled.add(folder)
            self._found.folders.setdefault(key(f"{folder}/__pycache__"), f"{folder}/__pycache__")

    def _link(self, path: str) -> None:
        """Record a link; refuse one that exposes a file outside the prefix."""
        there, target = self._there(path), self._links[path]
        wrong = fault(there)
        if wrong is not None:
            raise refusal(self._name, f"its link “{shown(path)}” {wrong}")
        link = _Link(there, target)
        outside = _found_outside(link, lambda _: None, self._prefix)
        if outside is not None:
            raise refusal(self._name, _shows(path, outside))
        self._found.links[key(there)] = link
        self._above(path, there)

    def _above(self, path: str, there: str) -> str:
        """Record the directories above a path in the prefix, and return the nearest one."""
        nearest = folder = there.rpartition("/")[0]
        source = path.rpartition("/")[0]
        if (source, nearest) in self._noted:
            return nearest
        self._noted.add((source, nearest))
        while folder and key(folder) not in self._found.folders:
            self._found.folders[key(folder)] = folder
            folder = folder.rpartition("/")[0]
        while source and self._links:
            if source in self._links and not is_within(os.path.join(self._root, source), self._root):
                raise refusal(self._name, _through(path, source))
            source = source.rpartition("/")[0]
        return nearest

    def _there(self, path: str) -> str:
        """Return the path at which rattler puts a file (CEP 20 for ``site-packages`` of ``noarch: python``)."""
        if self._is_python:
            first, _, rest = path.partition("/")
            if first == "site-packages" and rest:
                return f"{self._site}/{rest}"
            if first == "python-scripts" and rest:
                return f"{'Scripts' if os.name == 'nt' else 'bin'}/{rest}"
        return path


def _is_system(real: str) -> bool:
    """Return whether a real path is the system's. A home directory in /var/lib, as a service has, is not."""
    home = os.path.realpath(os.path.expanduser("~"))
    return _is_below_system(real) and not (_is_below_system(home) and is_within(real, home))


def _is_below_system(real: str) -> bool:
    return any(real == folder or real.startswith(f"{folder}/") for folder in _SYSTEM)


def site_packages(records: Iterable[RepoDataRecord]) -> str:
    """Return the directory for ``noarch: python`` packages, as a path inside the prefix.

    Raises JobFailed if the Python package declares a directory outside the prefix.
    """
    python = next((record for record in records if record.name.normalized == "python"), None)
    if python is None:
        return "lib/python/site-packages"
    if python.python_site_packages_path:
        if fault(python.python_site_packages_path):
            what = f"its site-packages directory “{shown(python.python_site_packages_path)}” is outside the environment"
            raise refusal(record_stem(python), what)
        return python.python_site_packages_path
    return "Lib/site-packages" if os.name == "nt" else f"lib/python{minor_of(python.version)}/site-packages"
