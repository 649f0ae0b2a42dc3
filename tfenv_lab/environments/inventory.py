"""Every environment with its facts, read anew only where something changed."""

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
from . import discovery, facts
from .discovery import Candidate
from .facts import Reading
from .models import EnvironmentFacts

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings

log = logging.getLogger(__name__)

Item = tuple[str, str]

#: Said of a directory that is no environment.
NO_ENVIRONMENT = EnvironmentFacts("", Path())
#: Nanoseconds between two changes that a file system may date alike.
GRAIN = 20_000_000


class Seen(NamedTuple):
    """One environment:

    its real path, conda's name of it, what its files say, whether it is a root prefix, and whether it lies
    where conda looks.
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
    """Looks at the disk and remembers what it read, by the modification times that would change.

    Safe to use from several threads, which take turns: the second one finds everything warm.
    """

    def __init__(self, settings: CondaSettings, envs_dir: Path | None = None) -> None:
        self._settings = settings
        self._envs_dir = envs_dir
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._changed: set[str] = set()
        # A lock of its own, held for a moment: a look can hold the other one for seconds.
        self._changing = threading.Lock()
        self._folders = BoundedReads(discovery.in_folder)
        self._paths = discovery.Paths()
        self._named: BoundedReads[str, Candidate] = BoundedReads(lambda prefix: self._paths.candidate(prefix))
        self._damage = BoundedReads(facts.damage)
        self._reads = BoundedReads(self._read)

    def look(self) -> Sequence[Seen]:
        """Return every environment. Blocks for the disk, but for a hanging one only a few seconds."""
        with self._lock:
            places = discovery.places(self._settings, self._envs_dir)
            items = self._find(places)
            names = discovery.Names(self._settings, places)
            seen = []
            for (prefix, real), result in self._reads.run(items).items():
                if result is not NO_ENVIRONMENT:
                    found = result if isinstance(result, EnvironmentFacts) else self._unread(prefix, real, result)
                    seen.append(Seen(real, names.of(prefix), found, real in places.roots, names.is_listed(prefix)))
            current = {real for _, real in items}
            for real in self._kept.keys() - current:
                self._note(self._kept.pop(real).prefix)
        return seen

    def changed(self) -> Sequence[Path]:
        """Return the prefixes that changed or vanished since they were first read, and forget them."""
        with self._changing:
            changed, self._changed = sorted(self._changed), set()
        return [Path(prefix) for prefix in changed]

    def forget(self, prefix: Path) -> None:
        """Read a prefix anew with the next look, whatever its times say."""
        self._kept.pop(os.path.realpath(prefix), None)

    def inspect(self, found: EnvironmentFacts) -> EnvironmentFacts:
        """Return the facts of one environment with what only a closer look shows:

        records that are damaged.
        """
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
            # A folder that is not there, or does not answer, holds nothing that could be shown.
            if isinstance(found, discovery.Folder):
                candidates += found.candidates
                links += found.links
        known = {candidate.path for candidate in candidates}
        named = [*links, *(prefix for prefix in map(str, places.prefixes) if prefix not in known)]
        self._paths = discovery.Paths()
        for prefix, candidate in self._named.run(named).items():
            if candidate is not discovery.GONE:
                # Of one that does not answer it is known that it is named.
                candidates.append(candidate if isinstance(candidate, Candidate) else Candidate(prefix, prefix))
        return list(discovery.unique(candidates))

    def _read(self, item: Item) -> EnvironmentFacts:
        prefix, real = item
        kept = self._kept.get(real)
        if kept is not None and kept.prefix == prefix and kept.reading.holds():
            return kept.reading.facts
        begun = time.time_ns()
        reading = facts.read(prefix, real)
        if reading is None:
            return NO_ENVIRONMENT
        # What changes again within the clock's grain has the same date: it is read once more to be sure.
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
        log.warning("The environment %s cannot be read: %s", prefix, error or "it did not answer in time")
        return EnvironmentFacts(discovery.hash_of(real), Path(prefix), problems=(facts.unreachable(),))
