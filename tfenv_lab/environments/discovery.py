"""Find every conda environment of this machine without running conda.

Where conda looks (conda/core/envs_manager.py: ``environments.txt``, envs_dirs, the root prefix), and
further: the prefix that runs the server, the active one, other installations of conda and their ``envs``.
"""

# Paths stay text where a thousand of them are looked at in a few milliseconds.
# ruff: noqa: PTH112, PTH114, PTH118
from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from ..conda import roots
from ..conda.staging import MARK

if TYPE_CHECKING:
    from ..conda.condarc import CondaSettings


@dataclass(frozen=True)
class Place:
    """Where environments may be: the prefixes named one by one, and the directories that hold them."""

    prefixes: tuple[Path, ...]
    folders: tuple[Path, ...]
    roots: tuple[Path, ...]


def id_of(prefix: Path) -> str:
    """Return the opaque id of a prefix: stable, safe in a URL, the same for every path that leads to it."""
    return hash_of(Path(os.path.realpath(prefix)))


def hash_of(real: Path) -> str:
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
) -> Place:
    """Return where to look.

    ``envs_dir`` is where new environments are made; ``server`` the interpreter's prefixes.
    """
    home = home or Path.home()
    bases = dict.fromkeys([*([settings.root_prefix] if settings.root_prefix else []), *roots.find(env, home)])
    active = [Path(env["CONDA_PREFIX"])] if env.get("CONDA_PREFIX") else []
    named = [*bases, *(path for path in (*server, *active) if roots.is_environment(path)), *registered(home)]
    folders = [*settings.envs_dirs, *([envs_dir] if envs_dir else []), *(base / "envs" for base in bases)]
    return Place(tuple(dict.fromkeys(named)), tuple(dict.fromkeys(folders)), tuple(bases))


def in_folder(folder: Path) -> list[Path]:
    """Return the prefixes directly in one of conda's ``envs_dirs``; OSError where it cannot be listed.

    What has no ``conda-meta`` counts only where it still looks like the rest of an environment.
    """
    found = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(MARK) or not entry.is_dir():
                continue
            meta = f"{entry.path}{os.sep}conda-meta"
            if os.path.isdir(meta) or (not entry.name.startswith(".") and _is_remnant(entry.path)):
                found.append(Path(entry.path))
    return found


def _is_remnant(path: str) -> bool:
    return any(os.path.isdir(f"{path}{os.sep}{part}") for part in ("bin", "Scripts", "lib", "Lib"))


def is_gone(prefix: Path) -> bool:
    """Return whether a registered prefix was deleted.

    A missing parent means a mount that is away, not a deletion.
    """
    return not os.path.lexists(prefix) and prefix.parent.is_dir()


class RealPaths:
    """Real paths of prefixes, for the time of one answer: most share a parent, which is resolved once."""

    def __init__(self) -> None:
        self._parents: dict[str, str] = {}

    def of(self, prefix: Path | str) -> tuple[str, bool]:
        """Return the real path, and whether the prefix itself is a link."""
        parent, name = os.path.split(prefix)
        if parent not in self._parents:
            self._parents[parent] = os.path.realpath(parent)
        real = os.path.join(self._parents[parent], name)
        return (os.path.realpath(real), True) if os.path.islink(real) else (real, False)


def unique(prefixes: Iterable[Path]) -> Iterator[tuple[Path, Path]]:
    """Yield ``(prefix, its real path)``, every environment once: by a path that is no link, or the first."""
    paths = RealPaths()
    chosen: dict[str, tuple[Path, bool]] = {}
    for prefix in prefixes:
        real, is_link = paths.of(prefix)
        if real not in chosen or (chosen[real][1] and not is_link):
            chosen[real] = (prefix, is_link)
    yield from ((prefix, Path(real)) for real, (prefix, _) in chosen.items())


def name_of(prefix: Path, settings: CondaSettings, folders: Iterable[Path] = ()) -> str:
    """Return conda's name of an environment:

    ``base``, a name inside an envs_dir, else the path (``env_name``).
    """
    if settings.root_prefix is not None and prefix == settings.root_prefix:
        return "base"
    if prefix.parent in (*settings.envs_dirs, *folders):
        return prefix.name
    return str(prefix)
