"""Find every conda environment on this machine without running conda.

Looks where conda does (``environments.txt``, envs_dirs and the root prefix: conda/core/envs_manager.py), and also at
the server's own prefix, the active environment, other conda installations with their ``envs`` directories, and where
extensions say.
"""

# Strings instead of Path objects: a list looks at a thousand paths in a few milliseconds.
# ruff: noqa: PTH112, PTH114
from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .. import extensions
from ..conda.settings import roots
from ..conda.transaction.staging import MARK
from ..disk.reads import BoundedReads

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings


#: Maximum number of prefixes to take from ``environments.txt``, and of bytes to read at its end.
MOST, MOST_BYTES = 2_000, 4_000_000


@dataclass(frozen=True)
class Places:
    """The paths to search: prefixes that are named one by one, and directories that hold environments.

    ``registered`` are the prefixes that ``environments.txt`` names, and ``roots`` the real paths of conda
    installations.
    """

    prefixes: tuple[Path, ...]
    folders: tuple[Path, ...]
    roots: frozenset[str]
    registered: frozenset[str]


def id_of(prefix: Path) -> str:
    """Return the opaque id of a prefix: stable, safe in a URL, and the same for every path to the prefix."""
    return hash_of(os.path.realpath(prefix))


def hash_of(real: str) -> str:
    """Return the id for a real path."""
    return sha256(os.fsencode(real)).hexdigest()[:20]


def registered(home: Path) -> list[Path]:
    """Return the prefixes in ``~/.conda/environments.txt``, where conda records environments in any directory.

    Of a file with very many lines, only the newest MOST prefixes count, which are at its end.
    """
    path = home / ".conda" / "environments.txt"
    try:
        # Reading a named pipe would never end.
        if not path.is_file():
            return []
        with path.open("rb") as file:
            start = max(0, os.fstat(file.fileno()).st_size - MOST_BYTES)
            file.seek(start)
            text = os.fsdecode(file.read(MOST_BYTES))
    except OSError:
        return []
    if start:
        text = text.partition("\n")[2]
    # Split at "\n" only: a path can contain the other characters at which str.splitlines() splits.
    lines = dict.fromkeys(line.strip() for line in reversed(text.split("\n")))
    found = (Path(os.path.normpath(line)) for line in islice(filter(os.path.isabs, lines), MOST))
    return list(found)[::-1]


def places(
    settings: CondaSettings,
    envs_dir: Path | None = None,
    env: Mapping[str, str] = os.environ,
    home: Path | None = None,
    server: Iterable[Path] = (Path(sys.prefix), Path(sys.base_prefix)),
) -> Places:
    """Return where to look for environments.

    ``envs_dir`` is the directory for new environments, and ``server`` are the prefixes of the server's interpreter.
    """
    home = home or Path.home()
    bases = dict.fromkeys([*([settings.root_prefix] if settings.root_prefix else []), *roots.find(env, home)])
    active = [Path(env["CONDA_PREFIX"])] if env.get("CONDA_PREFIX") else []
    noted = registered(home)
    known = _looks.run([*bases, *server, *active, *extensions.prefixes()])
    named = [*(path for path, is_one in known.items() if is_one is True), *noted]
    folders = [*settings.envs_dirs, *([envs_dir] if envs_dir else []), *(base / "envs" for base in bases)]
    return Places(
        tuple(dict.fromkeys(named)),
        tuple(dict.fromkeys(folders)),
        frozenset(os.path.realpath(base) for base in bases if isinstance(known[base], bool)),
        frozenset(map(str, noted)),
    )


#: Tells whether a path is an environment; on a drive that does not answer there is none.
_looks = BoundedReads(roots.is_environment)


class Candidate(NamedTuple):
    """A directory that may be an environment, with its real path, and whether it is a symbolic link."""

    path: str
    real: str
    is_link: bool = False


#: Marks a prefix that was deleted.
GONE = Candidate("", "")


class EnvsDir(NamedTuple):
    """The contents of one of conda's ``envs_dirs``: directories, and links that may lead to directories."""

    candidates: list[Candidate]
    links: list[str]


def in_folder(folder: str) -> EnvsDir:
    """Return the contents of a directory without following links. Raises OSError if it cannot be listed."""
    real = os.path.realpath(folder)
    found = EnvsDir([], [])
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(MARK):
                continue
            if entry.is_symlink():
                found.links.append(entry.path)
            elif entry.is_dir():
                found.candidates.append(Candidate(entry.path, f"{real}{os.sep}{entry.name}"))
    return found


class Paths:
    """A resolver of prefixes for one answer. Most prefixes share a parent, which is resolved only once."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def candidate(self, prefix: str) -> Candidate:
        """Return a prefix with its real path, or GONE; if its parent is missing too, the drive is assumed absent."""
        parent, _, name = prefix.rpartition(os.sep)
        if parent not in self._parents:
            self._parents[parent] = os.path.realpath(parent or os.sep)
        real = f"{self._parents[parent]}{os.sep}{name}"
        is_link = os.path.islink(real)
        if is_link:
            real = os.path.realpath(real)
        is_gone = not os.path.lexists(real) and os.path.isdir(os.path.split(real)[0])
        return GONE if is_gone else Candidate(prefix, real, is_link)


def unique(candidates: Iterable[Candidate]) -> Iterator[tuple[str, str]]:
    """Yield ``(prefix, real path)`` once for each directory, preferring a path that is not a link, then the first."""
    chosen: dict[str, Candidate] = {}
    for candidate in candidates:
        before = chosen.get(candidate.real)
        if before is None or (before.is_link and not candidate.is_link):
            chosen[candidate.real] = candidate
    yield from ((candidate.path, real) for real, candidate in chosen.items())


class CondaNames:
    """Names of environments, as conda gives them (``env_name`` in conda/base/context.py)."""

    def __init__(self, settings: CondaSettings, places: Places) -> None:
        self._root = str(settings.root_prefix) if settings.root_prefix else None
        # Users also call the environments of another installation by the names in its envs directory.
        self._folders = {str(folder) for folder in places.folders}
        self._own_folders = {str(folder) for folder in settings.envs_dirs}
        self._registered = places.registered

    def of(self, path: str) -> str:
        """Return ``base``, the directory's name if it is in one of the ``envs_dirs``, or otherwise the path."""
        if path == self._root:
            return "base"
        parent, _, name = path.rpartition(os.sep)
        return name if parent in self._folders else path

    def is_listed(self, path: str) -> bool:
        """Return whether conda finds it too (``list_all_known_prefixes`` in conda/core/envs_manager.py)."""
        return path == self._root or path in self._registered or path.rpartition(os.sep)[0] in self._own_folders
