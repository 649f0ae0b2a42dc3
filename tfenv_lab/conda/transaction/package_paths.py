"""Where the files of packages would lie: in the prefix, in no way through a link that leads out of it.

rattler joins what ``info/paths.json`` says to the prefix, whatever it says, so every unpacked package is looked at
before it is linked. A package is refused

- for a path that is absolute, has ``..``, names a drive, or is none at all;
- for a path that belongs to the environment and not to packages (``conda-meta``), to rattler or to us;
- for a path behind a link that leads out of the prefix, whichever package of the change or of the environment has the
  link, and for such a link where the environment has a folder. A link that a person made is theirs: packages follow it;
- for a link to something outside that is there, unless that is the system's own (``/usr/share/zoneinfo``), and for a
  file whose contents would come from outside the unpacked package.

Links that lead nowhere, or to other packages' files inside the prefix, are common in honest packages and stay.
"""

# Paths stay text where tens of thousands of them are looked at.
# ruff: noqa: PTH110, PTH112, PTH114, PTH115, PTH118, PTH120
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

#: Where rattler puts files that several packages have (rattler's ``clobber_registry.rs``).
_CLOBBERS = "__clobbers__"
#: Folders of the system: a link to something in them shows nobody anything that is private to a user.
_SYSTEM = (
    *("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var/lib", "/var/run"),
    *("/Library", "/System"),
)
_DRIVE = re.compile(r"[A-Za-z]:")
#: A name that is one everywhere and none of ours.
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*[A-Za-z0-9_]")
#: Links behind links that are followed; Linux' own limit.
_MAX_HOPS = 40
_SHOWN = 200

_OUTSIDE = "would be written outside the environment"
_RESERVED = "would take the place of what is not for packages to write"


def fault(path: str) -> str | None:
    """Return what is wrong with where a path inside a prefix leads, links aside; None where nothing is."""
    # Windows takes a backslash for a separator; elsewhere it may be part of a name, but of no honest one of these.
    plain = path.replace("\\", "/")
    parts = [part for part in plain.split("/") if part not in ("", ".")]
    if not parts or "\0" in path:
        return "is no path"
    if plain.startswith("/") or ".." in parts or _DRIVE.match(plain):
        return _OUTSIDE
    if os.name == "nt" and (":" in plain or any(not part.rstrip(" .") for part in parts)):
        return _OUTSIDE
    if key(parts[0].rstrip(" .")) in (META, _CLOBBERS) or any(part.lower().startswith(MARK) for part in parts):
        return _RESERVED
    return None


def key(path: str) -> str:
    """Return what is the same for all spellings of a path that some file system takes for one."""
    return path.lower() if path.isascii() else unicodedata.normalize("NFC", path).casefold()


def refusal(package: str, what: str, details: str = "") -> JobFailed:
    """Return the error for a package that is not linked; ``what`` ends the sentence."""
    details = f"Nothing was changed. Leave the package out, and tell its channel about it.\n{details}".strip()
    return JobFailed(f"The package {shown(package)} was refused: {what}.", details)


def shown(text: str) -> str:
    """Return a text from a package as one line that can be shown."""
    plain = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
    return plain if len(plain) <= _SHOWN else f"{plain[:_SHOWN]}…"


class _Link(NamedTuple):
    """A symbolic link: where it lies in the prefix, and where it leads."""

    place: str
    target: str


@dataclass
class _Package:
    """What a package would put into the prefix, by ``key`` of the place.

    ``files`` has its files and ``folders`` what lies above files and links, both with the path as it is there;
    ``links`` has its symbolic links.
    """

    files: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    links: dict[str, _Link] = field(default_factory=dict)

    def behind(self, place: str) -> str | None:
        """Return what the package has in a place, or behind it; None where it has nothing there."""
        paths = {**{at: link.place for at, link in self.links.items() if at != place}, **self.files}
        return paths.get(place) or next((path for at, path in paths.items() if at.startswith(f"{place}/")), None)


class PackagePaths:
    """Looks at the packages of one change. They may come in any order, from any thread.

    ``prefix`` is where they will lie, ``begins_with`` the tree that the change begins with (None for a new one),
    ``kept`` the files in it of packages that stay, ``site`` where ``noarch: python`` packages go.
    """

    def __init__(self, prefix: Path, begins_with: Path | None, kept: Collection[str], site: str) -> None:
        self._prefix, self._begins_with, self._kept, self._site = prefix, begins_with, kept, site
        self._lock = threading.Lock()
        self._known = _Package()
        #: Links that something lies behind, or in the place of.
        self._crossed: set[str] = set()

    def admit(self, name: str, unpacked: Path) -> list[str]:
        """Take one unpacked package into account; return where its files will lie, without its links.

        Raises JobFailed, naming the package and the path, where it is refused. ``name`` is the package's with its
        version and build.
        """
        package = _Reading(name, unpacked, self._site, self._prefix).read()
        with self._lock:
            self._require_apart(name, package)
            self._known.files.update(package.files)
            self._known.folders.update(package.folders)
            self._known.links.update(package.links)
        return [path for place, path in package.files.items() if place not in self._known.links]

    def _require_apart(self, name: str, package: _Package) -> None:
        """Refuse a package together with which something would be written through a link that leads out."""
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

    def _kept_link(self, path: str) -> _Link | None:
        """Return the link that a package which stays has in a place where another has a folder."""
        if self._begins_with is None or path not in self._kept:
            return None
        try:
            return _Link(path, os.readlink(os.path.join(self._begins_with, path)).replace(os.sep, "/"))
        except OSError:
            return None

    def _leads_out(self, link: _Link, links: Mapping[str, _Link]) -> bool:
        """Tell whether a link leads out of the prefix, alone or by way of other links of packages."""
        return _leads_out(link, lambda path: links.get(key(path)) or self._kept_link(path))


def _through(path: str | None, link: str) -> str:
    if path is None:
        return f"its link “{shown(link)}” would lead files that lie behind it out of the environment"
    return f"its file “{shown(path)}” {_OUTSIDE}, through the link “{shown(link)}”"


def _is_absolute(target: str) -> bool:
    return target.startswith("/") or (os.name == "nt" and bool(target.startswith("\\") or _DRIVE.match(target)))


def _leads_out(link: _Link, at: Callable[[str], _Link | None]) -> bool:
    """Tell whether a link leads out of the prefix; ``at`` returns the link in a place inside it, or None."""
    waiting = link.target.split("/")[::-1]
    here = link.place.split("/")[:-1]
    if _is_absolute(link.target):
        return True
    hops = 0
    while waiting:
        part = waiting.pop()
        if part in ("", "."):
            continue
        if part == "..":
            if not here:
                return True
            here.pop()
            continue
        here.append(part)
        found = at("/".join(here))
        if found is not None:
            hops += 1
            if hops > _MAX_HOPS or _is_absolute(found.target):
                return True
            here.pop()
            waiting += found.target.split("/")[::-1]
    return False


class _Reading:
    """One unpacked package, read once and refused at the first thing that is wrong with it."""

    def __init__(self, name: str, unpacked: Path, site: str, prefix: Path) -> None:
        self._name, self._root, self._site, self._prefix = name, os.fspath(unpacked), site, prefix
        self._links: dict[str, str] = {}
        self._special: set[str] = set()
        self._found = _Package()
        self._is_python = False
        #: Folders that were looked at: as they are in paths, with their place, and where bytecode is written.
        self._folders: set[str] = set()
        self._noted: set[tuple[str, str]] = set()
        self._compiled: set[str] = set()

    def read(self) -> _Package:
        self._walk()
        for meant in ("info", "info/index.json", "info/paths.json", "info/link.json", "info/files"):
            if meant in self._links or meant in self._special:
                raise refusal(self._name, f"its “{meant}” is no regular file")
        self._is_python = self._json("info/index.json").get("noarch") == "python"
        listed = set()
        for entry in self._entries():
            listed.add(self._file(entry))
        for path in self._links:
            # On macOS rattler takes over whole folders, with whatever lies in them.
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
        """Yield the entries of ``info/paths.json``, or what they would be in a package older than that file."""
        try:
            entries = self._json("info/paths.json").get("paths")
        except FileNotFoundError:
            text = Path(self._root, "info", "files").read_text(encoding="utf-8")
            # Lines end as Rust has them end.
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
        """Yield the commands that rattler writes for a ``noarch: python`` package."""
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
        """Take one entry, and return its path as it is on the disk."""
        path = self._checked(entry["_path"])
        if path in self._special:
            raise refusal(self._name, f"its “{shown(path)}” is neither a file nor a link")
        if entry.get("path_type") == "directory" and path not in self._links:
            self._above(f"{path}/", f"{self._there(path)}/")
        elif path not in self._links:
            self._place(path)
        elif entry.get("path_type") != "softlink" or entry.get("no_link") or entry.get("prefix_placeholder"):
            # The link is followed and what it leads to is copied.
            source = os.path.join(self._root, path)
            if os.path.exists(source) and not is_within(source, self._root):
                raise refusal(self._name, f"its file “{shown(path)}” would be copied from outside the package")
        return path

    def _checked(self, path: str) -> str:
        """Return a path as it is on the disk, with neither empty parts nor ``.``; refuse one that is not inside."""
        folder, _, name = path.rpartition("/")
        # Of most files only the name is new: thousands lie in the same folders.
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
        """Note where a file will lie, and the folders above it."""
        there = self._there(path)
        self._found.files[key(there)] = there
        folder = self._above(path, there)
        if path.endswith(".py") and folder not in self._compiled:
            # Its bytecode is written there, by us or by Python.
            self._compiled.add(folder)
            self._found.folders.setdefault(key(f"{folder}/__pycache__"), f"{folder}/__pycache__")

    def _link(self, path: str) -> None:
        """Note a link, which must not show what is outside."""
        there, target = self._there(path), self._links[path]
        wrong = fault(there)
        if wrong is not None:
            raise refusal(self._name, f"its link “{shown(path)}” {wrong}")
        link = _Link(there, target)
        if _leads_out(link, lambda _: None):
            outside = os.path.normpath(os.path.join(self._prefix, os.path.dirname(there), target))
            if os.path.lexists(outside) and not _is_system(outside):
                raise refusal(self._name, f"its link “{shown(path)}” leads out of the environment, to {shown(outside)}")
        self._found.links[key(there)] = link
        self._above(path, there)

    def _above(self, path: str, there: str) -> str:
        """Note the folders above a place; return the nearest."""
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
        """Return where rattler puts a file (CEP 20: what is ``site-packages`` in a ``noarch: python`` package)."""
        if self._is_python:
            first, _, rest = path.partition("/")
            if first == "site-packages" and rest:
                return f"{self._site}/{rest}"
            if first == "python-scripts" and rest:
                return f"{'Scripts' if os.name == 'nt' else 'bin'}/{rest}"
        return path


def _is_system(path: str) -> bool:
    real = os.path.realpath(path)
    return any(real == folder or real.startswith(f"{folder}/") for folder in _SYSTEM)


def site_packages(records: Iterable[RepoDataRecord]) -> str:
    """Return where ``noarch: python`` packages go, as a path inside the prefix.

    Raises JobFailed where the Python that says so would put them outside.
    """
    python = next((record for record in records if record.name.normalized == "python"), None)
    if python is None:
        return "lib/python/site-packages"
    if python.python_site_packages_path:
        if fault(python.python_site_packages_path):
            what = f"it puts packages into “{shown(python.python_site_packages_path)}”, outside the environment"
            raise refusal(record_stem(python), what)
        return python.python_site_packages_path
    return "Lib/site-packages" if os.name == "nt" else f"lib/python{minor_of(python.version)}/site-packages"
