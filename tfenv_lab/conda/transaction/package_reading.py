"""Read the paths that an unpacked package would have in the prefix, and refuse it at the first fault."""

# Paths are strings because tens of thousands of them are validated.
# ruff: noqa: PTH110, PTH115, PTH118
from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...disk.writes import is_within
from ...sentences import say
from .package_rules import OUTSIDE, PLAIN, Link, fault, found_outside, key, placed, refusal, shown, shows, through


@dataclass
class PackageFiles:
    """Paths that a package would have in the prefix, by ``key``.

    ``files`` has its files, ``folders`` the directories above its files and links, and ``links`` its symbolic links.
    """

    files: dict[str, str] = field(default_factory=dict)
    folders: dict[str, str] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)

    def behind(self, place: str) -> str | None:
        """Return a path of the package at ``place`` or behind it, or None if it has none there."""
        paths = {**{at: link.place for at, link in self.links.items() if at != place}, **self.files}
        return paths.get(place) or next((path for at, path in paths.items() if at.startswith(f"{place}/")), None)


class PackageReading:
    """Reader of one unpacked package, which refuses it at the first fault."""

    def __init__(self, name: str, unpacked: Path, site: str, prefix: Path) -> None:
        self._name, self._root, self._site, self._prefix = name, os.fspath(unpacked), site, prefix
        self._links: dict[str, str] = {}
        self._special: set[str] = set()
        self._found = PackageFiles()
        self._is_python = False
        #: Directories in the package that were validated.
        self._folders: set[str] = set()
        #: Directories that were recorded, each with its path in the prefix.
        self._noted: set[tuple[str, str]] = set()
        #: Directories in the prefix to which bytecode is written.
        self._compiled: set[str] = set()

    def read(self) -> PackageFiles:
        self._walk()
        for meant in ("info", "info/index.json", "info/paths.json", "info/link.json", "info/files"):
            if meant in self._links or meant in self._special:
                raise refusal(self._name, say("its “{meant}” is not a regular file", meant=meant))
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
            raise refusal(self._name, say("its “{path}” cannot be read", path=path)) from error
        if not isinstance(found, dict):
            raise refusal(self._name, say("its “{path}” cannot be read", path=path))
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
            raise refusal(self._name, say("its “info/paths.json” cannot be read"))
        for entry in entries:
            if not isinstance(entry, dict) or not isinstance(entry.get("_path"), str):
                raise refusal(self._name, say("its “info/paths.json” cannot be read"))
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
                raise refusal(
                    self._name, say("its command “{command}” {outside}", command=shown(command), outside=OUTSIDE)
                )
            yield command

    def _file(self, entry: Mapping[str, Any]) -> str:
        """Process one entry, and return its path on disk."""
        path = self._checked(entry["_path"])
        if path in self._special:
            raise refusal(self._name, say("its “{path}” is neither a file nor a link", path=shown(path)))
        if entry.get("path_type") == "directory" and path not in self._links:
            self._above(f"{path}/", f"{self._there(path)}/")
        elif path not in self._links:
            self._place(path)
        elif entry.get("path_type") != "softlink" or entry.get("no_link") or entry.get("prefix_placeholder"):
            # rattler follows this link and copies its target.
            source = os.path.join(self._root, path)
            if os.path.exists(source) and not is_within(source, self._root):
                raise refusal(
                    self._name, say("its file “{path}” would be copied from outside the package", path=shown(path))
                )
        return path

    def _checked(self, path: str) -> str:
        """Return a path on disk, without empty parts and ``.``; refuse one that leads out of the prefix."""
        folder, _, name = path.rpartition("/")
        # Thousands of files share a directory, so usually only the name has to be validated.
        if folder and folder in self._folders and PLAIN.fullmatch(name):
            return path
        wrong = fault(path)
        if wrong is not None:
            raise refusal(self._name, say("its file “{path}” {wrong}", path=shown(path), wrong=wrong))
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
            raise refusal(self._name, say("its link “{path}” {wrong}", path=shown(path), wrong=wrong))
        link = Link(there, target)
        outside = found_outside(link, lambda _: None, self._prefix)
        if outside is not None:
            raise refusal(self._name, shows(path, outside))
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
                raise refusal(self._name, through(path, source))
            source = source.rpartition("/")[0]
        return nearest

    def _there(self, path: str) -> str:
        """Return the path at which rattler puts a file."""
        return placed(path, self._site) if self._is_python else path
