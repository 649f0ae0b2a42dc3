"""Find every conda environment of this machine without running conda.

Where conda looks (conda/core/envs_manager.py: ``environments.txt``, envs_dirs, the root prefix), and
further: the prefix that runs the server, the active one, other installations of conda and their ``envs``.
"""

# Paths stay text where a thousand of them are looked at in a few milliseconds.
# ruff: noqa: PTH112, PTH114
from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..conda.settings import roots
from ..conda.transaction.staging import MARK
from ..disk.reads import BoundedReads

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings


@dataclass(frozen=True)
class Places:
    """Where environments may be: the prefixes named one by one, and the directories that hold them.

    ``registered`` are those of the prefixes that ``environments.txt`` names, ``roots`` the real paths of
    installations of conda.
    """

    prefixes: tuple[Path, ...]
    folders: tuple[Path, ...]
    roots: frozenset[str]
    registered: frozenset[str]


def id_of(prefix: Path) -> str:
    """Return the opaque id of a prefix: stable, safe in a URL, the same for every path that leads to it."""
    return hash_of(os.path.realpath(prefix))


def hash_of(real: str) -> str:
    """Return the id that belongs to a real path."""
    return sha256(os.fsencode(real)).hexdigest()[:20]


def registered(home: Path) -> list[Path]:
    """Return the prefixes in ``~/.conda/environments.txt``, which conda keeps for environments anywhere."""
    try:
        text = (home / ".conda" / "environments.txt").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return []
    # Lines end with "\n" alone: what else str.splitlines() takes for an end can be in a path.
    lines = (line.strip() for line in text.split("\n"))
    return [path for path in (Path(os.path.normpath(line)) for line in lines if line) if path.is_absolute()]


def places(
    settings: CondaSettings,
    envs_dir: Path | None = None,
    env: Mapping[str, str] = os.environ,
    home: Path | None = None,
    server: Iterable[Path] = (Path(sys.prefix), Path(sys.base_prefix)),
) -> Places:
    """Return where to look.

    ``envs_dir`` is where new environments are made; ``server`` the interpreter's prefixes.
    """
    home = home or Path.home()
    bases = dict.fromkeys([*([settings.root_prefix] if settings.root_prefix else []), *roots.find(env, home)])
    active = [Path(env["CONDA_PREFIX"])] if env.get("CONDA_PREFIX") else []
    noted = registered(home)
    known = _looks.run([*bases, *server, *active])
    named = [*(path for path, is_one in known.items() if is_one is True), *noted]
    folders = [*settings.envs_dirs, *([envs_dir] if envs_dir else []), *(base / "envs" for base in bases)]
    return Places(
        tuple(dict.fromkeys(named)),
        tuple(dict.fromkeys(folders)),
        frozenset(os.path.realpath(base) for base in bases if isinstance(known[base], bool)),
        frozenset(map(str, noted)),
    )


#: A drive that does not answer has none.
_looks = BoundedReads(roots.is_environment)


class Candidate(NamedTuple):
    """A directory that may be an environment, its real path, and whether it is a link."""

    path: str
    real: str
    is_link: bool = False


#: Stands for a prefix that was deleted.
GONE = Candidate("", "")


class EnvsDir(NamedTuple):
    """What lies in one of conda's ``envs_dirs``: directories, and links that may lead to some."""

    candidates: list[Candidate]
    links: list[str]


def in_folder(folder: str) -> EnvsDir:
    """Return what is in a directory, without a look at where its links lead; OSError where it cannot be listed."""
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
    """Looks at prefixes one by one, for the time of one answer: most share a parent, which is resolved once."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def candidate(self, prefix: str) -> Candidate:
        """Return a prefix with its real path, or GONE; a missing parent means a drive that is away."""
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
    """Yield ``(prefix, its real path)``, every directory once: by a path that is no link, or the first."""
    chosen: dict[str, Candidate] = {}
    for candidate in candidates:
        before = chosen.get(candidate.real)
        if before is None or (before.is_link and not candidate.is_link):
            chosen[candidate.real] = candidate
    yield from ((candidate.path, real) for real, candidate in chosen.items())


class CondaNames:
    """conda's names (``env_name`` in conda/base/context.py)."""

    def __init__(self, settings: CondaSettings, places: Places) -> None:
        self._root = str(settings.root_prefix) if settings.root_prefix else None
        # The envs of another installation, too, are what people call its environments by.
        self._folders = {str(folder) for folder in places.folders}
        self._own_folders = {str(folder) for folder in settings.envs_dirs}
        self._registered = places.registered

    def of(self, path: str) -> str:
        """Return ``base``, the directory's name where it lies in one of the ``envs_dirs``, or else the path."""
        if path == self._root:
            return "base"
        parent, _, name = path.rpartition(os.sep)
        return name if parent in self._folders else path

    def is_listed(self, path: str) -> bool:
        """Tell whether conda finds it, too (``list_all_known_prefixes`` in conda/core/envs_manager.py)."""
        return path == self._root or path in self._registered or path.rpartition(os.sep)[0] in self._own_folders
