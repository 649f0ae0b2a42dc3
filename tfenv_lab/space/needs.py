"""Find out which packages environments and their revisions need from the caches."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from ..conda.prefix import revisions
from ..conda.prefix.pypi import site_packages
from ..conda.prefix.records import names_in, stem_of
from ..pypi.names import normalize


class Needs(NamedTuple):
    """Packages by their names in the package cache (``numpy-2.0.0-py311_0``), and projects with their versions."""

    packages: frozenset[str] = frozenset()
    projects: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of_lock(cls, text: str) -> Needs:
        """Return what a lock needs."""
        from ..conda.prefix import lock

        packages, projects = lock.named_in(text)
        return cls(frozenset(packages), frozenset(projects))

    @classmethod
    def together(cls, all_of: Iterable[Needs]) -> Needs:
        """Return what any of these needs."""
        found = list(all_of)
        return cls(frozenset().union(*(n.packages for n in found)), frozenset().union(*(n.projects for n in found)))


class RevisionNeeds(NamedTuple):
    """What a revision needs. ``created`` is ISO 8601 in UTC."""

    number: int
    created: str
    needs: Needs


class PrefixNeeds(NamedTuple):
    """What an environment needs now, and for a revert. ``real`` is the real path of its prefix."""

    real: str
    now: Needs
    revisions: tuple[RevisionNeeds, ...]


def installed(prefix: Path) -> Needs:
    """Return what is installed in a prefix, whatever installed it. Raises OSError if it cannot be read."""
    stems = {name.removesuffix(".json") for name in names_in(prefix / "conda-meta") if stem_of(name)}
    folder = site_packages(prefix)
    infos = (name.removesuffix(".dist-info") for name in (names_in(folder) if folder else ()) if _is_info(name))
    pairs = (info.partition("-") for info in infos)
    return Needs(frozenset(stems), frozenset((normalize(name), version) for name, _, version in pairs))


def of_prefix(prefix: Path) -> PrefixNeeds:
    """Return what an environment and its revisions need. Raises OSError if the prefix cannot be read."""
    found = []
    for revision in revisions.read(prefix):
        path = revisions.lock_of(prefix, revision.number)
        try:
            needs = _of_lock(os.fspath(path), path.stat().st_mtime_ns)
        except (OSError, UnicodeDecodeError):
            continue
        found.append(RevisionNeeds(revision.number, revision.created, needs))
    return PrefixNeeds(os.path.realpath(prefix), installed(prefix), tuple(found))


@functools.lru_cache(maxsize=4096)
def _of_lock(path: str, modified: int) -> Needs:
    """Return what the lock at ``path`` needs; the file is read again if its time, ``modified``, has changed."""
    return Needs.of_lock(Path(path).read_text(encoding="utf-8"))


def _is_info(name: str) -> bool:
    return name.endswith(".dist-info")
