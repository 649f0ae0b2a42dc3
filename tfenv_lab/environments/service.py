"""The environments of this machine: what they are, whether they may be changed, what is newer."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import LoggingConfigurable

from ..errors import NotFound
from . import discovery, facts
from .bounded import BoundedReads
from .models import Advice, Environment, EnvironmentFacts, Kernel, Package, Update
from .packages import packages_of
from .protection import Protection

if TYPE_CHECKING:
    from ..conda.condarc import CondaSettings


class _Kept:
    """The facts of one environment with the marks under which they hold."""

    __slots__ = ("facts", "folder", "marks")

    def __init__(self, kept: EnvironmentFacts, folder: str | None, marks: facts.Marks) -> None:
        self.facts, self.folder, self.marks = kept, folder, marks


class EnvironmentService(LoggingConfigurable):
    """Lists and reads environments. Results are kept by modification time, so the disk stays the truth.

    The callables are asked for every environment of every answer and must be quick and touch neither disk
    nor network: ``updates`` (what the channels offer, from memory), ``advice`` (more of it), ``busy_of``
    (the id of the job that holds a prefix), ``kernels_of`` (all kernels that are registered, by real path
    of the prefix; called once).
    """

    def __init__(
        self,
        settings: CondaSettings,
        *,
        envs_dir: Path | None = None,
        protected: Iterable[str] = (),
        updates: Callable[[EnvironmentFacts], Update] | None = None,
        advice: Sequence[Callable[[EnvironmentFacts], Iterable[Advice]]] = (),
        busy_of: Callable[[Path], str | None] | None = None,
        kernels_of: Callable[[], dict[str, Kernel]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.settings = settings
        self.envs_dir = envs_dir
        self.updates = updates
        self.advice = list(advice)
        self.busy_of = busy_of
        self.kernels_of = kernels_of
        self._protection = Protection(protected)
        self._kept: dict[Path, _Kept] = {}
        self._lock = threading.Lock()
        self._folders = BoundedReads(discovery.in_folder)
        self._named = BoundedReads(discovery.is_gone)
        self._reads = BoundedReads(self._read)

    def id_of(self, prefix: Path) -> str:
        """Return the id of the environment at ``prefix``."""
        return discovery.id_of(prefix)

    def invalidate(self, prefix: Path) -> None:
        """Forget what is known about a prefix (its files are looked at anew with the next answer)."""
        self._kept.pop(Path(os.path.realpath(prefix)), None)

    async def list(self) -> Sequence[Environment]:
        """Return every environment, by name. Never waits for the network, nor long for a disk."""
        return await asyncio.to_thread(self._list)

    async def get(self, identifier: str) -> Environment:
        """Return one environment; NotFound where no environment has this id (any more)."""
        found = next((found for found in await self.list() if found.id == identifier), None)
        if found is None:
            raise NotFound("There is no such environment any more.", identifier)
        return found

    async def by_prefix(self, prefix: Path) -> Environment | None:
        """Return the environment at ``prefix``, by whatever path, or None where there is none."""
        identifier = discovery.id_of(prefix)
        return next((found for found in await self.list() if found.id == identifier), None)

    async def prefixes(self) -> Sequence[Path]:
        """Return the prefixes of all environments that can be read."""
        return [Path(found.prefix) for found in await self.list() if found.modified is not None]

    def known_prefixes(self) -> Sequence[Path]:
        """Return the prefixes that conda takes for environments. Reads the disk: not for the event loop."""
        with self._lock:
            found = self._reads.run(self._find(discovery.places(self.settings, self.envs_dir)))
        facts_of = ((prefix, result) for (prefix, _), result in found.items() if isinstance(result, EnvironmentFacts))
        return [prefix for prefix, known in facts_of if "history" in known.meta_names]

    async def packages(self, identifier: str) -> Sequence[Package]:
        """Return what is installed in an environment, by name; NotFound where there is no such id."""
        environment = await self.get(identifier)
        return await asyncio.to_thread(packages_of, Path(environment.prefix))

    def _list(self) -> Sequence[Environment]:
        # One at a time: a second request finds everything warm.
        with self._lock:
            places = discovery.places(self.settings, self.envs_dir)
            prefixes = self._find(places)
            read = self._reads.run(prefixes)
            kernels = self.kernels_of() if self.kernels_of else {}
            roots = {os.path.realpath(root) for root in places.roots}
            environments = []
            for item, result in read.items():
                prefix, real = item
                if not isinstance(result, EnvironmentFacts):
                    result = self._unread(prefix, real, result)
                name = discovery.name_of(prefix, self.settings, places.folders)
                environments.append(self._model(result, real, name, roots, kernels))
            current = {real for _, real in prefixes}
            self._kept = {real: kept for real, kept in self._kept.items() if real in current}
        return sorted(environments, key=lambda found: (found.name != "base", found.name))

    def _find(self, places: discovery.Place) -> Sequence[tuple[Path, Path]]:
        candidates = []
        for found in self._folders.run(places.folders).values():
            # A folder that is not there, or does not answer, holds nothing that could be shown.
            candidates += found if isinstance(found, list) else []
        known = set(candidates)
        gone = self._named.run(prefix for prefix in places.prefixes if prefix not in known)
        candidates += (prefix for prefix, is_gone in gone.items() if is_gone is not True)
        return [*discovery.unique(candidates)]

    def _read(self, item: tuple[Path, Path]) -> EnvironmentFacts:
        prefix, real = item
        kept = self._kept.get(real)
        if kept is not None and kept.facts.prefix == prefix and kept.marks == facts.marks(prefix, kept.folder):
            return kept.facts
        # The marks are taken first: a change during the reading shows as one after it.
        folder = kept.folder if kept else None
        before = facts.marks(prefix, folder)
        result, found = facts.read(prefix, real)
        if found != folder:
            before = facts.marks(prefix, found)
        self._kept[real] = _Kept(result, found, before)
        return result

    def _unread(self, prefix: Path, real: Path, error: Exception | None) -> EnvironmentFacts:
        if error is not None:
            self.log.warning("The environment %s cannot be read: %r", prefix, error)
        problems = (facts.unreachable(),)
        return EnvironmentFacts(discovery.hash_of(real), prefix, problems=problems)

    def _model(
        self, found: EnvironmentFacts, real: Path, name: str, roots: set[str], kernels: dict[str, Kernel]
    ) -> Environment:
        reason = self._protection.reason(found, real, name, roots)
        advice = (*found.problems, *(item for adviser in self.advice for item in adviser(found)))
        modified = datetime.fromtimestamp(found.modified, timezone.utc) if found.modified is not None else None
        return Environment(
            id=found.id,
            name=name,
            prefix=str(found.prefix),
            python=found.python,
            tensorflow=found.tensorflow,
            keras=found.keras,
            kernel=kernels.get(str(real)),
            writable=found.writable,
            protected=reason is not None,
            protected_reason=reason,
            modified=modified.isoformat(timespec="milliseconds") if modified else None,
            update=self.updates(found) if self.updates else Update(),
            busy=self.busy_of(found.prefix) if self.busy_of else None,
            advice=advice,
        )
