"""Delete what a cleaning found, in a worker, beside other programs that use the caches."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ..conda.transaction import prefix_lock, recovery, set_aside, staging
from ..conda.transaction.staging import MARK, Leftover
from ..disk import locks
from ..disk.reads import BoundedReads
from ..errors import PrefixBusy
from ..pypi import cache as uv_cache
from ..pypi.cache import CachedWheel
from .models import Item
from .needs import Needs, installed
from .trees import Root, Trees

#: Lock files of rattler and uv, which they hold as long as they use their cache.
_RATTLER, _UV = ".cache.lock", ".lock"


class Cleaner:
    """Deletes items. ``prefixes`` are those of all environments; what they need at that moment stays.

    ``prune`` makes uv delete the wheels in its cache that it cannot find anymore. ``done`` is called after each item
    with the number of items that are done.
    """

    def __init__(
        self,
        items: Sequence[Item],
        prefixes: Sequence[Path],
        *,
        job: str,
        uv: Path,
        prune: Callable[[], object],
        done: Callable[[int], None],
    ) -> None:
        self._items, self._prefixes = items, prefixes
        self._job, self._uv, self._prune, self._done = job, uv, prune, done
        self._count = 0

    def run(self) -> tuple[int, list[Leftover]]:
        """Delete everything. Return the bytes that were freed, and what could not be deleted."""
        measured = Trees().look([Root(item.path) for item in self._items])
        leftovers = [left for left in self._deleted() if left is not None]
        gone = [item.path for item in self._items if not os.path.lexists(item.path)]
        return measured.own(gone), leftovers

    def _deleted(self) -> Iterator[Leftover | None]:
        for item in self._of("leftover"):
            yield self._settled(item)
        for item in self._of("rest"):
            yield staging.discard(Path(item.path))
        yield from self._packages()
        for item in self._of("bytecode"):
            trash = self._aside(Path(item.path))
            yield staging.discard(trash) if trash else None
        self._wheels()

    def _of(self, *kinds: str) -> Iterator[Item]:
        for item in self._items:
            if item.kind in kinds:
                yield item
                self._count += 1
                self._done(self._count)

    def _settled(self, item: Item) -> Leftover | None:
        """Finish or undo what a dead job left, as the server does when it starts."""
        if item.prefix is None:
            return None
        with contextlib.suppress(PrefixBusy, OSError):
            if Path(item.path) == staging.kept_path(item.prefix, item.token):
                return set_aside.expire(item.prefix, item.token)
            with prefix_lock.hold(item.prefix, item.token):
                recovery.settle(item.prefix, item.token)
            return recovery.clear(item.prefix, item.token)
        return None

    def _packages(self) -> Iterator[Leftover | None]:
        """Delete packages from the cache while no job links from it."""
        by_cache: dict[Path, list[Item]] = {}
        for item in self._of("package"):
            by_cache.setdefault(Path(item.path).parent, []).append(item)
        for cache, items in by_cache.items():
            trash = []
            with locks.hold_of_another(cache / _RATTLER):
                needs = self._needs()
                for item in items:
                    if item.name not in needs.packages:
                        trash.append(self._aside(Path(item.path)))
                        (cache / f"{item.name}.lock").unlink(missing_ok=True)
            yield from (staging.discard(path) for path in trash if path)

    def _wheels(self) -> None:
        """Let uv delete wheels, after no link leads to them anymore."""
        items = list(self._of("wheel", "archive"))
        if not items:
            return
        with locks.hold_of_another(self._uv / _UV):
            needs = self._needs()
            for item in items:
                if item.pointer is not None and (item.name, item.version) not in needs.projects:
                    uv_cache.forget(CachedWheel(item.name, item.version, item.pointer, Path(item.path)))
        self._prune()

    def _needs(self) -> Needs:
        found = _installed.run(self._prefixes).values()
        return Needs.together(needs for needs in found if isinstance(needs, Needs))

    def _aside(self, path: Path) -> Path | None:
        """Give a tree the name of trash, so that it is gone at once for others; return its new path."""
        trash = path.with_name(f"{MARK}trash-{self._job}-{path.name}")
        with contextlib.suppress(OSError):
            path.rename(trash)
            return trash
        return None


_installed: BoundedReads[Path, Needs] = BoundedReads(installed)
