"""List the environments of this machine, with their protection, available updates and warnings."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from traitlets.config import LoggingConfigurable

from ..disk.reads import BoundedReads
from ..errors import NotFound
from ..models import Advice
from ..sentences import say
from . import discovery
from .assembly import Beside, assembled
from .facts import UNREACHABLE
from .inventory import Inventory, Seen
from .models import AvailableUpdate, Environment, EnvironmentFacts, InstalledPackage, Kernel, LastCheck
from .protection import Protection

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings
    from .comparing import Comparison
    from .finding import FoundPackage
    from .why import Why

#: Seconds that a list waits for the kernels of new environments.
PATIENCE = 1.0


class EnvironmentService(LoggingConfigurable):
    """Service that lists and reads environments. It compares modification times, so answers always match the disk.

    ``updates`` (what the channels offer), ``advice`` (more warnings), ``knowledge`` and ``busy_of`` (the id of the job
    that holds a prefix) must be quick and use neither disk nor network. ``updates`` and ``advice`` are called when an
    environment, or the object that ``knowledge`` returns, changed; ``busy_of`` is called for every environment in every
    answer. ``kernels_of`` returns all kernels by the real path of their prefix, ``checks_of`` the newest checks by id,
    ``hidden`` the ids of the environments that are hidden from the launcher, and ``outdated_of`` the running kernels to
    restart, by the real path of their prefix. ``unregistered`` returns those of the environments without a kernel that
    ``on_change`` will register. Each is called once for an answer, in a thread. ``on_change`` is awaited with these,
    with the prefixes that changed or disappeared, and with those that ``more_changed`` then returns in a thread. A list
    waits a moment for it if it has something to do.
    """

    def __init__(
        self,
        settings: CondaSettings,
        *,
        envs_dir: Path | None = None,
        protected: Iterable[str] = (),
        updates: Callable[[EnvironmentFacts], AvailableUpdate] | None = None,
        advice: Sequence[Callable[[EnvironmentFacts], Iterable[Advice]]] = (),
        knowledge: Callable[[], object] = lambda: None,
        busy_of: Callable[[Path], str | None] | None = None,
        kernels_of: Callable[[], dict[str, Kernel]] | None = None,
        checks_of: Callable[[Sequence[Seen], Mapping[str, Kernel]], Mapping[str, LastCheck]] | None = None,
        hidden: Callable[[], Collection[str]] | None = None,
        outdated_of: Callable[[], Mapping[str, tuple[str, ...]]] | None = None,
        unregistered: Callable[[Iterable[Path]], Iterable[Path]] | None = None,
        more_changed: Callable[[], Sequence[Path]] | None = None,
        on_change: Callable[[Sequence[Path]], Awaitable[None]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.updates = updates
        self.advice = list(advice)
        self.knowledge = knowledge
        self.busy_of = busy_of
        self.kernels_of = kernels_of
        self.checks_of = checks_of
        self.hidden = hidden
        self.outdated_of = outdated_of
        self.unregistered = unregistered
        self.more_changed = more_changed
        self.on_change = on_change
        self._protection = Protection(protected)
        self._inventory = Inventory(settings, envs_dir)
        self._models: dict[str, tuple[EnvironmentFacts, tuple[object, ...], Environment]] = {}
        #: The prefixes to tell ``on_change`` about.
        self._todo: set[Path] = set()
        self._following: asyncio.Task[None] | None = None

    def invalidate(self, prefix: Path) -> None:
        """Forget what is known about a prefix, so that the next answer reads its files again.

        Reads the disk: not for the event loop.
        """
        self._inventory.forget(prefix)

    async def list(self) -> Sequence[Environment]:
        """Return every environment, by name. Never waits for the network, and only briefly for a disk.

        New environments with a kernel are registered before the answer, unless that takes long.
        """
        seen, found = await self._look()
        if self._following is not None and found.changed:
            done, _ = await asyncio.wait([self._following], timeout=PATIENCE)
            if done:
                seen, found = await asyncio.to_thread(self._read)
                self._todo.update(found.changed)
        knowledge = self.knowledge()
        models = {one.real: self._kept(one, found, knowledge) for one in seen}
        self._models = models
        listed = (model for _, _, model in models.values())
        return sorted(listed, key=lambda model: (model.name != "base", model.name))

    async def listing(self) -> str:
        """Return every environment as JSON text, in the form that the contract defines for ``environments``."""
        return f'{{"environments": [{", ".join(environment.text for environment in await self.list())}]}}'

    async def find(self, identifier: str) -> Environment:
        """Return one environment as in the list. Raises NotFound if no environment has this id."""
        return self._model(*await self._one(identifier))

    async def get(self, identifier: str) -> Environment:
        """Return one environment as :meth:`find` does, after a closer look at its records."""
        one, found = await self._one(identifier)
        closer = await asyncio.to_thread(self._inventory.inspect, one.facts)
        return self._model(one._replace(facts=closer), found)

    async def _one(self, identifier: str) -> tuple[Seen, Beside]:
        seen, found = await self._look()
        one = next((one for one in seen if one.facts.id == identifier), None)
        if one is None:
            raise NotFound(say("This environment no longer exists."), identifier)
        return one, found

    async def readable(self, identifier: str) -> Environment:
        """Return one environment as :meth:`find` does. Raises NotFound also if its drive does not answer."""
        environment = await self.find(identifier)
        away = next((advice for advice in environment.advice if advice.code == UNREACHABLE), None)
        if away is not None:
            raise NotFound(away.message, environment.prefix)
        return environment

    async def by_prefix(self, prefix: Path) -> Environment | None:
        """Return the environment at ``prefix``, which may be any path to it, or None if there is none."""
        try:
            return await self.get(await asyncio.to_thread(discovery.id_of, prefix))
        except NotFound:
            return None

    async def prefixes(self) -> Sequence[Path]:
        """Return the prefixes of all environments that can be read."""
        seen = await asyncio.to_thread(self._inventory.look)
        return [one.facts.prefix for one in seen if one.facts.modified is not None]

    async def owned(self) -> Mapping[str, Path]:
        """Return the prefixes, by id, of the environments that the user can change and has not published.

        The base environment and the environment of the server are not among them.
        """
        seen = await asyncio.to_thread(self._inventory.look)
        return {one.facts.id: one.facts.prefix for one in seen if self._protection.is_own(one)}

    def known_prefixes(self) -> dict[Path, bool]:
        """Return the prefixes that conda recognizes as environments, and whether ``conda env list`` shows them.

        Reads the disk, so it must not run on the event loop.
        """
        return self._inventory.known()

    async def packages(self, identifier: str) -> Sequence[InstalledPackage]:
        """Return the packages of an environment, by name. Raises NotFound if no environment has this id."""
        from .packages import packages_of

        environment = await self.readable(identifier)
        return await asyncio.to_thread(packages_of, Path(environment.prefix))

    async def why(self, identifier: str, package: str, source: str | None = None) -> Why:
        """Return why a package is in an environment. Raises NotFound if there is no such environment or package."""
        from .why import why

        environment = await self.readable(identifier)
        return await asyncio.to_thread(why, Path(environment.prefix), package, source)

    async def with_package(self, name: str) -> Sequence[FoundPackage]:
        """Return what all environments have of a package. An environment whose drive does not answer is left out."""
        seen = await asyncio.to_thread(self._inventory.look)
        items = [(one.facts.prefix, one.facts.id, name) for one in seen if one.facts.modified is not None]
        found = await _findings.gather(items)
        return [each for part in found.values() if part and not isinstance(part, Exception) for each in part]

    async def compare(
        self, identifier: str, revision: int | None, other: str | None, other_revision: int | None
    ) -> Comparison:
        """Compare an environment, as it is or at a revision, with another one or itself. Raises NotFound."""
        from .comparing import Side, compare

        left = await self.readable(identifier)
        right = left if other is None else await self.readable(other)
        sides = (
            Side(each.name, Path(each.prefix), number) for each, number in ((left, revision), (right, other_revision))
        )
        return await asyncio.to_thread(compare, *sides)

    async def files(self, environment_id: str, contents: bool) -> dict[str, Any]:
        """Return the files that differ from the packages' records, as JSON. Raises NotFound.

        ``contents`` says whether every file is read, which takes a second per gigabyte.
        """
        from .files import differences

        environment = await self.readable(environment_id)
        return await asyncio.to_thread(differences, Path(environment.prefix), contents)

    async def stop(self) -> None:
        """Wait for ``on_change`` to end."""
        if self._following is not None:
            await self._following

    async def _look(self) -> tuple[Sequence[Seen], Beside]:
        seen, found = await asyncio.to_thread(self._read)
        self._todo.update(found.changed)
        if self.on_change is not None and (self._following is None or self._following.done()):
            self._following = asyncio.ensure_future(self._follow(self.on_change))
        return seen, found

    def _read(self) -> tuple[Sequence[Seen], Beside]:
        seen = self._inventory.look()
        kernels = self.kernels_of() if self.kernels_of else {}
        without = [one.facts.prefix for one in seen if _could_be_registered(one.facts) and one.real not in kernels]
        new = self.unregistered(without) if self.unregistered and without else ()
        return seen, Beside(
            kernels,
            self.checks_of(seen, kernels) if self.checks_of else {},
            self.hidden() if self.hidden else (),
            self.outdated_of() if self.outdated_of else {},
            frozenset([*self._inventory.changed(), *new]),
        )

    async def _follow(self, on_change: Callable[[Sequence[Path]], Awaitable[None]]) -> None:
        try:
            # These come first, because an answer may wait for them.
            while self._todo:
                changed, self._todo = self._todo, set()
                await on_change(sorted(changed))
            more = await asyncio.to_thread(self.more_changed) if self.more_changed else []
            if more:
                await on_change(sorted(more))
        except Exception:
            self.log.exception("An action after a change of environments failed")

    def _kept(
        self, one: Seen, beside: Beside, knowledge: object
    ) -> tuple[EnvironmentFacts, tuple[object, ...], Environment]:
        """Return an environment with the inputs that it was made from; the last one if none of these changed."""
        busy = self.busy_of(one.facts.prefix) if self.busy_of else None
        found = (
            one.name,
            beside.kernels.get(one.real),
            beside.checks.get(one.facts.id),
            one.facts.id in beside.hidden,
            beside.outdated.get(one.real, ()),
            busy,
            knowledge,
        )
        kept = self._models.get(one.real)
        if kept is not None and kept[0] is one.facts and kept[1] == found:
            return kept
        return one.facts, found, self._model(one, beside)

    def _model(self, one: Seen, beside: Beside) -> Environment:
        reason = self._protection.reason(one)
        update = self.updates(one.facts) if self.updates and one.facts.over is None else AvailableUpdate()
        advised = [item for adviser in self.advice for item in adviser(one.facts)]
        busy = self.busy_of(one.facts.prefix) if self.busy_of else None
        return assembled(one, beside, reason, update, advised, busy)


def _find(item: tuple[Path, str, str]) -> Sequence[FoundPackage]:
    from .finding import find

    return find(*item)


_findings: BoundedReads[tuple[Path, str, str], Sequence[FoundPackage]] = BoundedReads(_find)


def _could_be_registered(found: EnvironmentFacts) -> bool:
    return bool(found.kernels) and not found.problems
