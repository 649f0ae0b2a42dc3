"""Solve plan requests: turn each kind of request into the records of the changed environment."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ..conda.prefix.records import names_of
from ..conda.solving import pins
from ..disk.reads import BoundedReads
from ..errors import InvalidSpec, NotFound, PrefixExists, SolverTimeout, Unsatisfiable
from . import installed_state, requests
from .installed import FoundEnvironment, InstalledReader
from .solved import HeldBack, PassedOver, Solved, find_held_back

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord
    from ..conda.repodata.repodata import Repodata
    from ..environments.service import EnvironmentService
    from ..tensorflow.catalog.catalog import Catalog
    from .import_channels import Permission


class Planner:
    """A solver of plan requests. It reads channels and prefixes and changes nothing."""

    def __init__(
        self,
        repodata: Repodata,
        catalog: Catalog,
        environments: EnvironmentService,
        envs_dir: Path,
        permission: Callable[[], Permission],
    ) -> None:
        """Create a planner. ``permission`` returns the channels that a spec or a file may name now."""
        self._repodata = repodata
        self._catalog = catalog
        self._installed = InstalledReader(environments)
        self._envs_dir = envs_dir
        self._permission = permission

    async def solve_request(self, request: requests.PlanRequest) -> Solved:
        """Solve a request.

        Raises NotFound, PrefixExists, Protected, InvalidSpec, ChannelNotAllowed, Unsatisfiable, ChannelUnreachable.
        """
        match request:
            case requests.Create():
                return self._permitted(await self._create(request))
            case requests.Install() | requests.Update():
                return self._permitted(await self._move(request))
            case requests.Remove():
                return await self._remove(request)
            case requests.Clone() | requests.Rename():
                return await self._clone(request)
            case requests.Revert():
                return self._permitted(await self._revert(request))
            case requests.Import():
                return self._permitted(await self._import(request))

    async def _create(self, request: requests.Create) -> Solved:
        from ..conda.machine import virtual_packages
        from ..conda.solving import specs

        prefix = await self._new_prefix(request.name)
        own = [self._spec(text) for text in request.packages]
        overrides = virtual_packages.overrides(self._repodata.settings)
        # Detecting a driver may load its library, so it does not run on the event loop.
        virtual = await asyncio.to_thread(virtual_packages.detect, overrides, request.cuda)
        asked = specs.by_name([*await self._catalog.specs_for(request), *own])
        added, skipped = self._default_packages(asked)
        asked.update(added)
        pinned = pins.pins(self._repodata.settings.pinned_packages)

        async def solve(pinned: Sequence[str]) -> list[RepoDataRecord]:
            return await self._solve(asked.values(), constraints=pinned, virtual=virtual)

        try:
            after = await solve(pinned)
        except Unsatisfiable as error:
            conflict = await _conflict(pinned, solve)
            wanted = replace(request, packages=(*request.packages, *added.values()))
            raise conflict or _hinted(error, await self._catalog.suggest(wanted)) from error
        return Solved(
            request,
            request.name,
            prefix,
            (),
            after,
            asked,
            specs=tuple(asked.values()),
            cuda=request.cuda,
            virtual=virtual,
            default_packages=tuple(added),
            skipped_packages=skipped,
        )

    def _default_packages(self, asked: Mapping[str, str]) -> tuple[dict[str, str], tuple[str, ...]]:
        """Return condarc's ``create_default_packages`` by name, and those that are not supported specs.

        As in ``conda create``, a package that is requested anyway is left out, whatever its version
        (``Environment.from_cli_with_file_envs`` in conda/models/environment.py).
        """
        from ..conda.solving import specs

        added, skipped = [], []
        for text in self._repodata.settings.create_default_packages:
            try:
                added.append(self._spec(text))
            except InvalidSpec:
                skipped.append(text[:60])
        return {name: spec for name, spec in specs.by_name(added).items() if name not in asked}, tuple(skipped)

    def _spec(self, text: str) -> str:
        """Return a spec in its canonical form. Raises InvalidSpec or ChannelNotAllowed."""
        from ..conda.settings.allowed import AllowedChannels
        from ..conda.settings.condarc import require_permitted, resolve_channels
        from ..conda.solving import specs

        settings = self._repodata.settings
        channel = specs.parts_of(text).channel
        if channel is not None:
            # The error of condarc's own keys comes first: the other one does not name them.
            with contextlib.suppress(ValueError):
                require_permitted(resolve_channels(channel, settings), settings)
        return str(specs.parse(text, AllowedChannels(self._permission().names, settings)))

    def _permitted(self, solved: Solved) -> Solved:
        """Return a solved request if condarc permits the channels of all new packages. Raises ChannelNotAllowed.

        A lock can name channels that were permitted when it was written.
        """
        from ..conda.settings.condarc import require_permitted, resolve_channels

        settings = self._repodata.settings
        if settings.allowlist is not None or settings.denylist is not None:
            before = {record.url for record in solved.before}
            folders = dict.fromkeys(r.url.rpartition("/")[0] for r in solved.after if r.url not in before)
            for folder in folders:
                require_permitted(resolve_channels(folder, settings), settings)
        return solved

    async def _move(self, request: requests.Install | requests.Update) -> Solved:
        from ..conda.machine import virtual_packages
        from ..conda.solving import specs

        found = await self._find(request.environment, copied=request.into is not None)
        state = found.state
        freed: set[str] = set()
        stuck: set[str] = set()
        held: list[str] = []
        held_back: HeldBack | None = None
        if isinstance(request, requests.Install):
            asked_for = specs.by_name(map(self._spec, request.specs))
            new = installed_state.same_variant(state, asked_for)
        else:
            new, freed = installed_state.loosened(state, request.packages)
            held = installed_state.tensorflow_pin(state, request.packages)
            # A package that no channel has, such as one from a file, has no candidate but the installed one.
            unlisted = (freed & state.names).difference(await self._repodata.names())
            freed -= unlisted
            stuck = unlisted if request.packages == requests.ALL else unlisted.intersection(request.packages)
        overrides = virtual_packages.overrides(self._repodata.settings)
        cuda, virtual = await asyncio.to_thread(installed_state.virtual, state, overrides)

        async def solve(
            new: Mapping[str, str],
            requested: Mapping[str, str],
            also: Collection[str] = (),
            pinned: Sequence[str] = state.pins,
        ) -> list[RepoDataRecord]:
            moving = freed.union(also)
            keep = [record for record in state.records if record.name.normalized not in moving]
            constraints = [*pinned, *held, *([] if "python" in new else installed_state.python_pin(state))]
            roots = {**installed_state.leaves(state), **requested, **new}
            return await self._solve(roots.values(), keep, constraints, virtual)

        try:
            after = await solve(new, state.holding)
        except Unsatisfiable as error:
            # This imports the solver, which the server does not need at start.
            from .suggestions import suggest

            conflict = await _conflict(state.pins, lambda pinned: solve(new, state.holding, (), pinned))
            if conflict is not None:
                raise conflict from error
            raise _hinted(error, await suggest(new, state, await self._repodata.names(), solve)) from error
        if isinstance(request, requests.Install):
            asked = {
                **state.requested,
                **{name: installed_state.narrower(state, name, spec) for name, spec in new.items()},
            }
            given = tuple(new.values())
        else:
            asked = installed_state.remembered(state, new, after)
            given = tuple(installed_state.reached(state, new, after))
            if request.packages != requests.ALL:
                held_back = await find_held_back(request.packages, new, state, after, solve)
        is_copy = request.into is not None
        passed_over = PassedOver(
            state.unreadable(asked), state.outdated(asked, after), state.forgotten(asked), sorted(stuck)
        )
        name, prefix = found.environment.name, found.prefix
        if request.into is not None:
            name, prefix = request.into, await self._new_prefix(request.into)
        return Solved(
            request,
            name,
            prefix,
            state.records,
            after,
            asked,
            state.requested,
            given,
            origin="copy" if is_copy else "in_place",
            source=found.prefix if is_copy else None,
            fingerprint=None if is_copy else found.fingerprint,
            environment=found.environment,
            cuda=cuda,
            virtual=virtual,
            held_back=held_back,
            passed_over=passed_over,
        )

    async def _remove(self, request: requests.Remove) -> Solved:
        found = await self._find(request.environment)
        after = installed_state.without(found.state, request.packages)
        left = names_of(after)
        asked = {name: spec for name, spec in found.state.requested.items() if name in left}
        return self._in_place(found, request, after, asked, request.packages)

    async def _clone(self, request: requests.Clone | requests.Rename) -> Solved:
        from ..conda.transaction.apply import require_movable

        moves = isinstance(request, requests.Rename)
        found = await self._find(request.environment, copied=not moves)
        if moves:
            await asyncio.to_thread(require_movable, found.prefix)
        return Solved(
            request,
            request.name,
            await self._new_prefix(request.name),
            found.state.records,
            found.state.records,
            dict(found.state.requested),
            origin="move" if moves else "copy",
            source=found.prefix,
            fingerprint=found.fingerprint if moves else None,
            environment=found.environment,
        )

    async def _revert(self, request: requests.Revert) -> Solved:
        from ..conda.prefix import lock, revisions

        found = await self._find(request.environment)
        known = await asyncio.to_thread(revisions.read, found.prefix)
        revision = next((each for each in known if each.number == request.revision), None)
        if revision is None:
            raise NotFound(f"“{found.environment.name}” has no revision {request.revision}.")
        locked = await asyncio.to_thread(lock.load, revisions.lock_of(found.prefix, revision.number))
        return self._in_place(found, request, locked.get(self._repodata.subdir, []), dict(revision.requested), ())

    async def _import(self, request: requests.Import) -> Solved:
        from . import imports

        prefix = await self._new_prefix(request.name)
        found = await imports.resolve(request, self._repodata, self._permission())
        return Solved(
            request,
            request.name,
            prefix,
            (),
            found.records,
            found.requested,
            specs=found.specs,
            cuda=found.cuda,
            virtual=found.virtual,
            notes=found.notes,
            pypi=found.pypi,
            channels=found.channels,
            variables=found.variables,
        )

    # What the kinds share

    def _in_place(
        self,
        found: FoundEnvironment,
        request: requests.PlanRequest,
        after: Sequence[RepoDataRecord],
        asked: dict[str, str],
        specs: tuple[str, ...],
    ) -> Solved:
        return Solved(
            request,
            found.environment.name,
            found.prefix,
            found.state.records,
            after,
            asked,
            found.state.requested,
            specs,
            origin="in_place",
            fingerprint=found.fingerprint,
            environment=found.environment,
        )

    async def _new_prefix(self, name: str) -> Path:
        prefix = self._envs_dir / name
        is_taken = (await _taken.gather([prefix]))[prefix]
        if is_taken is None:
            hint = "Check whether its network drive is available."
            raise NotFound(f"The directory {self._envs_dir} cannot be reached.", hint=hint)
        if isinstance(is_taken, Exception):
            raise is_taken
        if is_taken:
            raise PrefixExists(f"An environment or directory called “{name}” already exists.")
        return prefix

    async def _find(self, environment_id: str, copied: bool = False) -> FoundEnvironment:
        pinned = self._repodata.settings.pinned_packages
        return await self._installed.read(environment_id, pinned, copied=copied)

    async def _solve(
        self,
        specs: Iterable[str],
        keep: Sequence[RepoDataRecord] = (),
        constraints: Iterable[str] = (),
        virtual: Sequence[GenericVirtualPackage] = (),
    ) -> list[RepoDataRecord]:
        from ..conda.solving.solve import solve

        return await solve(self._repodata, specs, keep=keep, constraints=constraints, virtual_packages=virtual)


_taken: BoundedReads[Path, bool] = BoundedReads(lambda prefix: prefix.exists() or prefix.is_symlink())


async def _conflict(pinned: Sequence[str], solve: Callable[[Sequence[str]], Awaitable[object]]) -> Unsatisfiable | None:
    """Return the error to raise if a request has a solution only without the pins, or None."""
    if not pinned:
        return None
    try:
        await solve(())
    except (Unsatisfiable, SolverTimeout):
        return None
    return Unsatisfiable(
        f"The request conflicts with pinned packages: {', '.join(pinned)}.",
        hint=f"Change or remove the pin, in {pins.FILE} of the environment or in pinned_packages of condarc.",
    )


def _hinted(error: Unsatisfiable, suggestion: object) -> Unsatisfiable:
    """Return the error with the suggestion, if there is one, as its hint."""
    return Unsatisfiable(error.message, error.details, str(suggestion)) if suggestion else error
