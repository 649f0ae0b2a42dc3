"""List every environment with its facts, and read again only what changed."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ..disk.reads import BoundedReads
from . import discovery, facts, overlaid
from .discovery import Candidate
from .facts import Reading
from .models import EnvironmentFacts

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings

log = logging.getLogger(__name__)

Item = tuple[str, str]

#: Marks a directory that is not an environment.
NO_ENVIRONMENT = EnvironmentFacts("", Path())
#: Nanoseconds between two changes that a file system may give the same time.
GRAIN = 20_000_000


class Seen(NamedTuple):
    """One environment in a list.

    ``real`` is its real path, ``name`` the name that conda gives it, ``is_root`` whether it is a root prefix, and
    ``is_listed`` whether conda finds it too.
    """

    real: str
    name: str
    facts: EnvironmentFacts
    is_root: bool
    is_listed: bool


@dataclass(frozen=True)
class _Kept:
    prefix: str
    reading: Reading


class Inventory:
    """A reader of environments that remembers what it read, and compares modification times to notice changes.

    Several threads may use it. They take turns, so the second finds everything already read.
    """

    def __init__(self, settings: CondaSettings, envs_dir: Path | None = None) -> None:
        self._settings = settings
        self._envs_dir = envs_dir
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._changed: set[str] = set()
        #: The real paths of the environments that could not be read in the last look.
        self._unreadable: set[str] = set()
        # A lock of its own, held for a moment: a look can hold the other one for seconds.
        self._changing = threading.Lock()
        self._folders = BoundedReads(discovery.in_folder)
        self._paths = discovery.Paths()
        self._named: BoundedReads[str, Candidate] = BoundedReads(lambda prefix: self._paths.candidate(prefix))
        self._damage = BoundedReads(facts.damage)
        self._known = BoundedReads(facts.is_known)
        self._reads = BoundedReads(self._read)

    def look(self) -> Sequence[Seen]:
        """Return every environment. Blocks while it reads the disk, but at most a few seconds if a drive hangs."""
        with self._lock:
            places = discovery.places(self._settings, self._envs_dir)
            items = self._find(places)
            names = discovery.CondaNames(self._settings, places)
            seen = []
            unreadable = set()
            for (prefix, real), result in self._reads.run(items).items():
                if result is not NO_ENVIRONMENT:
                    found = result if isinstance(result, EnvironmentFacts) else self._unread(prefix, real, result)
                    unreadable |= set() if found is result else {real}
                    seen.append(Seen(real, names.of(prefix), found, real in places.roots, names.is_listed(prefix)))
            self._unreadable = unreadable
            current = {real for _, real in items}
            for real in self._kept.keys() - current:
                self._note(self._kept.pop(real).prefix)
        return seen

    def known(self) -> dict[Path, bool]:
        """Return the prefixes that conda recognizes as environments, and whether conda lists them.

        This looks for one file in each, so it is much faster than the first :meth:`look`. Blocks as that does.
        """
        places = discovery.places(self._settings, self._envs_dir)
        names = discovery.CondaNames(self._settings, places)
        with self._lock:
            prefixes = [prefix for prefix, _ in self._find(places)]
        known = self._known.run(prefixes)
        return {Path(prefix): names.is_listed(prefix) for prefix in prefixes if known[prefix] is True}

    def changed(self) -> Sequence[Path]:
        """Return the prefixes that changed or disappeared since the last call."""
        with self._changing:
            changed, self._changed = sorted(self._changed), set()
        return [Path(prefix) for prefix in changed]

    def forget(self, prefix: Path) -> None:
        """Read a prefix again at the next look, even if its times did not change."""
        self._kept.pop(os.path.realpath(prefix), None)

    def inspect(self, found: EnvironmentFacts) -> EnvironmentFacts:
        """Return the facts with the problems that only a closer look finds: damaged records."""
        damage = self._damage.run([found.prefix])[found.prefix]
        others = tuple(problem for problem in found.problems if problem.code != facts.DAMAGED)
        problems = (*others, *damage) if isinstance(damage, list) else found.problems
        if problems == found.problems:
            return found
        closer = replace(found, problems=problems)
        real = os.path.realpath(found.prefix)
        with self._lock:
            kept = self._kept.get(real)
            if kept is not None and kept.reading.facts is found:
                self._kept[real] = replace(kept, reading=replace(kept.reading, facts=closer))
        return closer

    def _find(self, places: discovery.Places) -> Sequence[Item]:
        candidates: list[Candidate] = []
        links: list[str] = []
        for found in self._folders.run(map(str, places.folders)).values():
            # A directory that is missing or does not answer has nothing to show.
            if isinstance(found, discovery.EnvsDir):
                candidates += found.candidates
                links += found.links
        known = {candidate.path for candidate in candidates}
        named = [*links, *(prefix for prefix in map(str, places.prefixes) if prefix not in known)]
        self._paths = discovery.Paths()
        for prefix, candidate in self._named.run(named).items():
            if candidate is not discovery.GONE:
                # One that does not answer is listed too, because a user or program named it.
                candidates.append(candidate if isinstance(candidate, Candidate) else Candidate(prefix, prefix))
        return list(discovery.unique(candidates))

    def _read(self, item: Item) -> EnvironmentFacts:
        prefix, real = item
        kept = self._kept.get(real)
        if kept is not None and kept.prefix == prefix and kept.reading.holds():
            return kept.reading.facts
        begun = time.time_ns()
        reading = overlaid.read(prefix, real)
        if reading is None:
            return NO_ENVIRONMENT
        # A second change within the clock's resolution would have the same time, so read such a path once more.
        for path, at in reading.changed.items():
            if at >= begun - GRAIN:
                reading.changed[path] = -1
        self._kept[real] = _Kept(prefix, reading)
        if kept is not None and kept.reading.facts != reading.facts:
            self._note(prefix)
        return reading.facts

    def _note(self, prefix: str) -> None:
        with self._changing:
            self._changed.add(prefix)

    def _unread(self, prefix: str, real: str, error: Exception | None) -> EnvironmentFacts:
        if real not in self._unreadable:
            log.warning("The environment %s cannot be read: %s", prefix, error or "its drive did not answer in time")
        return EnvironmentFacts(discovery.hash_of(real), Path(prefix), problems=(facts.unreachable(),))
