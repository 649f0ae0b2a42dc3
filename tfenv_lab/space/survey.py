"""Find out what takes the space, who needs it, and what can be deleted."""

from __future__ import annotations

import os
import threading
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import NamedTuple

from ..conda.transaction import staging
from ..disk.reads import BoundedReads
from ..disk.space import free_bytes
from ..plan_requests import Cleanable
from . import caches
from .caches import CacheListing
from .models import Broken, CacheSpace, Cleaning, Disk, EnvironmentSpace, Freed, Item, Taken
from .needs import Needs, PrefixNeeds, of_prefix
from .trees import Measured, Root, Trees

#: The choices in the order in which their bytes are counted: a file that two of them hold counts for the later one.
ORDER: tuple[Cleanable, ...] = ("trash", "cache", "uv", "revisions")


class SurveyedPlaces(NamedTuple):
    """Where to look. ``environments`` has the name and the prefix of each environment by id."""

    package_cache: Path
    bytecode: Path
    uv: Path
    envs_dir: Path
    environments: Mapping[str, tuple[str, Path]]


class Demand(NamedTuple):
    """What jobs need now: ``locks`` are those of changes that run or wait, ``jobs`` the ids of all unfinished jobs.

    ``places`` are the prefixes of deleted environments that are still set aside. ``new`` are the prefixes that jobs
    create, and ``added`` the bytes that all unfinished jobs add.
    """

    locks: Sequence[str] = ()
    jobs: Collection[str] = ()
    places: Sequence[Path] = ()
    new: Sequence[Path] = ()
    added: int = 0


@dataclass(frozen=True)
class Survey:
    """What was found in all places at once."""

    measured: Measured
    needs: Mapping[str, PrefixNeeds]
    names: Mapping[str, str]
    packages: CacheListing
    bytecode: CacheListing
    uv: CacheListing
    leftovers: Sequence[Item]
    demand: Needs
    left_out: Sequence[str]
    free: int | None

    def disk(self) -> Disk:
        """Return the numbers of the REST contract."""
        items = self.items(ORDER)
        environments = []
        for identifier, needs in self.needs.items():
            if needs.real in self.measured:
                own = self.measured.own([needs.real])
                environments.append(EnvironmentSpace(identifier, own, max(0, self.measured.total([needs.real]) - own)))
        uv_trees = [*self.uv.entries, *self.uv.others]
        unused = {kind: self._own(items, kinds=[kind]) for kind in ("package", "bytecode")}
        return Disk(
            environments=sorted(environments, key=lambda each: (-each.own_bytes - each.shared_bytes, each.id)),
            caches=[
                CacheSpace("packages", self.measured.total(self.packages.entries), unused["package"]),
                CacheSpace("bytecode", self.measured.total(self.bytecode.entries), unused["bytecode"]),
                CacheSpace("uv", self.measured.total(uv_trees), self._own(items, ["uv"])),
            ],
            revisions_bytes=self._own(items, ["revisions"]),
            trash_bytes=self._own(items, ["trash"]),
            free_bytes=self.free,
            left_out=list(self.left_out),
        )

    def taken(self, own: Collection[str]) -> Taken:
        """Return what the environments with these ids, the caches and the trash take. Each file counts once."""
        paths = [needs.real for identifier, needs in self.needs.items() if identifier in own]
        paths += [*self.packages.entries, *self.bytecode.entries, *self.uv.entries, *self.uv.others]
        paths += [*(item.path for item in self.leftovers), *_rests(self.packages, self.bytecode)]
        return Taken(self.measured.total(paths), self.cleaning(("cache", "uv", "trash")).bytes)

    def cleaning(self, what: Iterable[Cleanable], older_than_days: int | None = None) -> Cleaning:
        """Return what these choices delete and free, and which reverts then need a download."""
        chosen = [choice for choice in ORDER if choice in set(what)]
        items = self.items(chosen, older_than_days)
        freed, before, paths = [], 0, list[str]()
        for choice in chosen:
            own = [item.path for item in items if item.what == choice]
            paths += own
            after = self.measured.own(paths)
            freed.append(Freed(choice, after - before, len(own)))
            before = after
        return Cleaning(tuple(items), tuple(freed), before, tuple(self._broken(items)), tuple(self.left_out))

    def beyond(self, limit: int) -> Cleaning:
        """Return which packages to delete so that the package cache has at most ``limit`` bytes.

        Packages that only revisions need come last, and those that were used last come after the others of their kind.
        """
        rest = self.measured.total(self.packages.entries) - limit
        if rest <= 0:
            return Cleaning()
        found = [item for item in self.items(("cache", "revisions")) if item.kind == "package"]
        found.sort(key=lambda item: (item.what == "revisions", _last_used(item.path), item.name))
        chosen: list[Item] = []
        for item in found:
            if rest <= 0:
                break
            chosen.append(item)
            rest -= self.measured.total([item.path])
        freed = self.measured.own(item.path for item in chosen)
        return Cleaning(tuple(chosen), (Freed("cache", freed, len(chosen)),), freed, tuple(self._broken(chosen)))

    def items(self, what: Collection[Cleanable], older_than_days: int | None = None) -> list[Item]:
        """Return the trees that can be deleted. ``older_than_days`` is about revisions only."""
        now = Needs.together([self.demand, *(needs.now for needs in self.needs.values())])
        every = [revision for needs in self.needs.values() for revision in needs.revisions]
        cut = _days_ago(older_than_days) if older_than_days is not None else None
        later = Needs.together(revision.needs for revision in every)
        kept = Needs.together(r.needs for r in every if cut is not None and r.created > cut)
        trash = [*self.leftovers, *(Item("trash", "rest", path) for path in _rests(self.packages, self.bytecode))]
        deleted = [item.path for item in trash]
        found = [*trash]
        for path in self.packages.entries:
            name = os.path.basename(path)  # noqa: PTH119 - hundreds of them
            is_needed = name in now.packages or name in kept.packages
            # An environment that was not found, such as another user's, may share the cache.
            if not is_needed and path in self.measured and not self.measured.is_linked_outside(path):
                found.append(Item("revisions" if name in later.packages else "cache", "package", path, name))
        for path in self.bytecode.entries:
            if path in self.measured and not self.measured.is_linked_elsewhere(path, deleted):
                found.append(Item("cache", "bytecode", path))
        for wheel in self.uv.wheels:
            path, key = os.path.normpath(wheel.archive), (wheel.name, wheel.version)
            is_needed = key in now.projects or key in kept.projects
            # Other programs may use uv's cache, too: deleting what they link frees nothing.
            if not is_needed and path in self.measured and not self.measured.is_linked_elsewhere(path, deleted):
                choice: Cleanable = "revisions" if key in later.projects else "uv"
                found.append(Item(choice, "wheel", path, wheel.name, wheel.version, wheel.pointer))
        found += [Item("uv", "archive", path) for path in self.uv.dangling]
        return [item for item in found if item.what in what]

    def _own(self, items: Iterable[Item], what: Collection[str] = (), kinds: Collection[str] = ()) -> int:
        """Return the bytes that deleting the items of these choices frees, or those of the choice “cache” by kind."""
        return self.measured.own(
            item.path for item in items if item.what in what or (item.what == "cache" and item.kind in kinds)
        )

    def _broken(self, items: Sequence[Item]) -> Iterable[Broken]:
        packages = {item.name for item in items if item.kind == "package"}
        projects = {(item.name, item.version) for item in items if item.kind == "wheel"}
        for identifier, needs in self.needs.items():
            gone = {r.number: _gone(r.needs, packages, projects) for r in needs.revisions}
            numbers = tuple(number for number, names in gone.items() if names)
            if numbers:
                every = sorted(set().union(*gone.values()))
                yield Broken(self.names[identifier], numbers, tuple(every))


def _gone(needs: Needs, packages: Collection[str], projects: Collection[tuple[str, str]]) -> set[str]:
    return {*needs.packages.intersection(packages), *(f"{n}-{v}" for n, v in needs.projects.intersection(projects))}


def _last_used(package: str) -> int:
    """Return when a file of a package was last linked into an environment, or unlinked (ns): that changes its ctime."""
    try:
        times = [os.lstat(f"{folder}/{name}").st_ctime_ns for folder, _, names in os.walk(package) for name in names]
    except OSError:
        return 0
    return max(times, default=0)


def _rests(*listings: CacheListing) -> list[str]:
    return [path for listing in listings for path in listing.rests]


def _days_ago(days: int) -> str:
    return (datetime.now(timezone.utc) - timedelta(days=days)).isoformat(timespec="seconds")


class Surveyor:
    """Makes surveys, and remembers what the last one measured."""

    def __init__(self) -> None:
        self._trees = Trees()

    def look(self, places: SurveyedPlaces, demand: Demand, stop: threading.Event | None = None) -> Survey:
        """Look at all places. Blocks; raises Stopped soon after ``stop`` is set."""
        left_out: list[str] = []
        found = _prefixes.run([prefix for _, prefix in places.environments.values()])
        needs, names = dict[str, PrefixNeeds](), dict[str, str]()
        for identifier, (name, prefix) in places.environments.items():
            known = found[prefix]
            if isinstance(known, PrefixNeeds):
                needs[identifier], names[identifier] = known, name
            else:
                left_out.append(name)
        listings = []
        for reads, place, name in (
            (_packages, places.package_cache, "the package cache"),
            (_bytecode, places.bytecode, "the compiled Python files"),
            (_wheels, places.uv, "the cache of uv"),
        ):
            listing = reads.run([os.fspath(place)])[os.fspath(place)]
            if not isinstance(listing, CacheListing):
                left_out.append(name)
            listings.append(listing if isinstance(listing, CacheListing) else CacheListing())
        packages, bytecode, uv = listings
        prefixes = [prefix for identifier, (_, prefix) in places.environments.items() if identifier in needs]
        # There may be something next to an environment that does not exist anymore.
        leftovers = _leftovers([*prefixes, *demand.places, places.envs_dir / "any"], demand.jobs)
        measured = self._trees.look(_roots(needs.values(), leftovers, packages, bytecode, uv), stop)
        left_out += [names[each] for each, known in needs.items() if known.real not in measured]
        free = _free.run([places.envs_dir])[places.envs_dir]
        return Survey(
            measured,
            needs,
            names,
            packages,
            bytecode,
            uv,
            leftovers,
            Needs.together(map(Needs.of_lock, demand.locks)),
            left_out,
            free if isinstance(free, int) else None,
        )


def _roots(
    needs: Iterable[PrefixNeeds],
    leftovers: Sequence[Item],
    packages: CacheListing,
    bytecode: CacheListing,
    uv: CacheListing,
) -> list[Root]:
    prefixes = [known.real for known in needs]
    fixed = [*packages.entries, *bytecode.entries, *uv.entries]
    changing = [*(item.path for item in leftovers), *_rests(packages, bytecode), *uv.others]
    others = frozenset([*prefixes, *changing, *{os.path.dirname(path) for path in fixed}])  # noqa: PTH120
    roots = [Root(path, _inside(path, others)) for path in prefixes + changing]
    return [*dict.fromkeys(roots), *(Root(path, is_fixed=True) for path in dict.fromkeys(fixed))]


def _inside(path: str, others: Iterable[str]) -> frozenset[str]:
    """Return which of the other trees are in a tree, and conda's own package cache, if it is there."""
    inside = [other for other in others if other.startswith(path + os.sep)]
    return frozenset([*inside, f"{path}{os.sep}pkgs"]) if inside else frozenset()


def _leftovers(prefixes: Sequence[Path], busy: Collection[str]) -> list[Item]:
    """Return the trees that changes left next to prefixes, except those of the jobs in ``busy``."""
    found = _beside.run(dict.fromkeys(prefixes))
    items = {}
    for each in found.values():
        for token, prefix in sorted(each) if isinstance(each, set) else ():
            if token in busy:
                continue
            for place in (staging.staging_path, staging.aside_path, staging.trash_path, staging.kept_path):
                path = os.fspath(place(prefix, token))
                if os.path.lexists(path):
                    items[path] = Item("trash", "leftover", path, token=token, prefix=prefix)
    return list(items.values())


_prefixes: BoundedReads[Path, PrefixNeeds] = BoundedReads(of_prefix)
_packages: BoundedReads[str, CacheListing] = BoundedReads(caches.packages)
_bytecode: BoundedReads[str, CacheListing] = BoundedReads(caches.bytecode)
_wheels: BoundedReads[str, CacheListing] = BoundedReads(caches.wheels)
_beside: BoundedReads[Path, set[tuple[str, Path]]] = BoundedReads(lambda prefix: staging.leftovers([prefix]))
_free: BoundedReads[Path, int | None] = BoundedReads(free_bytes)
