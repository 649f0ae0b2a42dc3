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

from ..conda import roots
from ..conda.staging import MARK

if TYPE_CHECKING:
    from ..conda.condarc import CondaSettings


@dataclass(frozen=True)
class Places:
    """Where environments may be: the prefixes named one by one, and the directories that hold them.

    ``registered`` are those of the prefixes that ``environments.txt`` names.
    """

    prefixes: tuple[Path, ...]
    folders: tuple[Path, ...]
    roots: tuple[Path, ...]
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
    return [Path(os.path.normpath(line.strip())) for line in text.splitlines() if Path(line.strip()).is_absolute()]


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
    named = [*(path for path in (*bases, *server, *active) if roots.is_environment(path)), *noted]
    folders = [*settings.envs_dirs, *([envs_dir] if envs_dir else []), *(base / "envs" for base in bases)]
    return Places(tuple(dict.fromkeys(named)), tuple(dict.fromkeys(folders)), tuple(bases), frozenset(map(str, noted)))


class Candidate(NamedTuple):
    """A directory that may be an environment; whether it is a link, where that is known."""

    path: str
    is_link: bool | None = None


def in_folder(folder: str) -> list[Candidate]:
    """Return the directories in one of conda's ``envs_dirs``; OSError where it cannot be listed."""
    with os.scandir(folder) as entries:
        return [
            Candidate(entry.path, entry.is_symlink())
            for entry in entries
            if not entry.name.startswith(MARK) and entry.is_dir()
        ]


def is_gone(prefix: str) -> bool:
    """Return whether a registered prefix was deleted; a missing parent means a drive that is away."""
    return not os.path.lexists(prefix) and os.path.isdir(os.path.split(prefix)[0])


class RealPaths:
    """Real paths of prefixes, for the time of one answer: most share a parent, which is resolved once."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def of(self, prefix: str, is_link: bool | None = None) -> tuple[str, bool]:
        """Return the real path, and whether the prefix itself is a link (looked up where it is not given)."""
        parent, _, name = prefix.rpartition(os.sep)
        if parent not in self._parents:
            self._parents[parent] = os.path.realpath(parent or os.sep)
        real = f"{self._parents[parent]}{os.sep}{name}"
        if is_link is None:
            is_link = os.path.islink(real)
        return (os.path.realpath(real), True) if is_link else (real, False)


def unique(candidates: Iterable[Candidate]) -> Iterator[tuple[str, str]]:
    """Yield ``(prefix, its real path)``, every directory once: by a path that is no link, or the first."""
    paths = RealPaths()
    chosen: dict[str, tuple[str, bool]] = {}
    for candidate in candidates:
        real, is_link = paths.of(candidate.path, candidate.is_link)
        if real not in chosen or (chosen[real][1] and not is_link):
            chosen[real] = (candidate.path, is_link)
    yield from ((prefix, real) for real, (prefix, _) in chosen.items())


class Names:
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
