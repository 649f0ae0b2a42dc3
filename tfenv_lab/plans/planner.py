"""Solve plan requests: turn each kind of request into the records of the changed environment."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import plan_requests as requests
from ..conda.prefix.records import names_of
from ..disk.reads import BoundedReads
from ..errors import InvalidRequest, NotFound, PrefixExists
from ..pypi import requirements as texts
from . import index_state, installed_state, moving, repair
from .creating import Creator
from .index_solver import IndexSolver
from .index_state import IndexState
from .installed import FoundEnvironment, InstalledReader
from .installed_state import State
from .solved import Solved
from .solver import ChannelSolver

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..conda.repodata.repodata import Repodata
    from ..environments.service import EnvironmentService
    from ..tensorflow.catalog.catalog import Catalog
    from .import_channels import Permission
    from .import_help import OnIndex


class Planner:
    """A solver of plan requests. It reads channels and prefixes and changes nothing."""

    def __init__(
        self,
        repodata: Repodata,
        catalog: Catalog,
        environments: EnvironmentService,
        envs_dirs: Sequence[Path],
        permission: Callable[[], Permission],
        index: IndexSolver,
        on_index: OnIndex,
    ) -> None:
        """Create a planner.

        New environments go to the first of ``envs_dirs``, unless a request names another. ``permission`` returns the
        channels that a spec or a file may name now, and ``on_index`` which of some projects a package index has.
        """
        self._repodata = repodata
        self._catalog = catalog
        self._channels = ChannelSolver(repodata, permission)
        self._environments = environments
        self._installed = InstalledReader(environments)
        self._envs_dirs = tuple(envs_dirs)
        self._index = index
        self._on_index = on_index

    async def solve_request(self, request: requests.ChangeRequest) -> Solved:
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
                return self._permitted(await self._import(request, await self._new_prefix(request.name)))
            case requests.Match():
                return self._permitted(await self._match(request))
            case requests.Repair():
                found = await self._find(request.environment)
                solved = self._in_place(found, request, found.state.records, dict(found.state.requested), ())
                return self._permitted(await repair.repaired(solved, found, self._channels, self._index))

    async def _create(self, request: requests.Create) -> Solved:
        prefix = await self._new_prefix(request.name, self._folder(request.envs_dir))
        channels = self._channels if request.channels is None else self._channels.among(request.channels)
        creator = Creator(self._catalog, self._repodata.settings, channels, self._index)
        solved = await creator.create(request, prefix)
        if request.channels is None:
            return solved
        return dataclasses.replace(solved, channels=channels.repodata.settings.channels)

    def _folder(self, envs_dir: str | None) -> Path:
        """Return the directory for environments that a request names, or the usual one. Raises InvalidRequest."""
        if envs_dir is None:
            return self._envs_dirs[0]
        found = next((folder for folder in self._envs_dirs if str(folder) == envs_dir), None)
        if found is None:
            raise InvalidRequest(
                f"{envs_dir[:200]} is not one of the directories for environments.",
                hint=f"Choose one of {', '.join(map(str, self._envs_dirs))}.",
            )
        return found

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
        found = await self._find(request.environment, copied=request.into is not None)
        if isinstance(request, requests.Update) and request.packages != requests.ALL:
            _require_installed(request.packages, found)
        prefix = await self._new_prefix(request.into) if request.into is not None else None
        return await moving.move(request, found, prefix, self._channels, self._index)

    async def _remove(self, request: requests.Remove) -> Solved:
        found = await self._find(request.environment)
        state, index = found.state, found.index
        _require_installed(request.packages, found)
        projects = {index.project(name) for name in request.packages if name not in state.names}
        python = str(record.version) if (record := state["python"]) else ""
        names = [name for name in request.packages if name in state.names]
        after = list(state.records)
        left = list(index.distributions)
        if names:
            provided = await self._index.provided(state.records, found.prefix) if left else {}
            after = installed_state.without(state, names, _needed(index, provided, state, projects, python))
            still = await self._index.provided(after, found.prefix) if left else {}
            # What needs a project that conda no longer provides goes with it.
            projects |= set(provided) - set(still)
        if projects:
            left = index_state.without(index, projects, python)
        remaining = names_of(after)
        kept = {each.name for each in left}
        solved = self._in_place(
            found,
            request,
            after,
            {name: spec for name, spec in state.requested.items() if name in remaining},
            tuple(names),
        )
        return dataclasses.replace(
            solved,
            distributions=left,
            requirements={name: text for name, text in index.requirements.items() if name in kept},
            others_removed=tuple(sorted(projects.intersection(package.name for package in index.others))),
        )

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
            distributions_before=found.index.distributions,
            distributions=found.index.distributions,
            requirements=found.index.requirements,
            requirements_before=found.index.requirements,
            damages=() if moves else await repair.damages(found.prefix),
        )

    async def _revert(self, request: requests.Revert) -> Solved:
        from ..conda.prefix import lock, revisions

        found = await self._find(request.environment, copied=request.into is not None)
        prefix = await self._new_prefix(request.into) if request.into is not None else None
        known = await asyncio.to_thread(revisions.read, found.prefix)
        revision = next((each for each in known if each.number == request.revision), None)
        if revision is None:
            raise NotFound(f"“{found.environment.name}” has no revision {request.revision}.")
        path, subdir = revisions.lock_of(found.prefix, revision.number), self._repodata.subdir
        try:
            locked = await asyncio.to_thread(lock.load, path)
            distributions = await asyncio.to_thread(lock.distributions, path.read_text("utf-8"), subdir)
        except (FileNotFoundError, ValueError) as error:
            message = f"The lock of revision {revision.number} of “{found.environment.name}” is missing or damaged."
            raise NotFound(message, f"{path}: {error}", hint="Revert to another revision.") from error
        solved = self._in_place(found, request, locked.get(subdir, []), dict(revision.requested), ())
        solved = dataclasses.replace(
            solved,
            distributions=distributions,
            requirements=revision.requirements,
        )
        # Going back to the current revision is a repair, too.
        restored = await repair.restored(solved, found, contents=revision == known[-1])
        if request.into is None or prefix is None:
            return restored
        # The copy gets whole files in place of damaged ones, and the original keeps them as they are.
        return dataclasses.replace(
            restored,
            name=request.into,
            prefix=prefix,
            origin="copy",
            source=found.prefix,
            fingerprint=None,
        )

    async def _match(self, request: requests.Match) -> Solved:
        from . import matching

        found = await self._matched(request)
        name = found.environment.name if found else request.name or ""
        # The prefix of an environment in another directory is not below the directory for new environments.
        prefix = found.prefix if found else self._envs_dirs[0] / name
        asked = await asyncio.to_thread(matching.as_import, request, self._repodata.subdir)
        return matching.matched(request, name, await self._import(asked, prefix), found)

    async def _matched(self, request: requests.Match) -> FoundEnvironment | None:
        """Return the environment that a request names, or None if it is new. Raises PrefixExists."""
        if request.environment is not None:
            return await self._find(request.environment, copied=True)
        try:
            await self._new_prefix(request.name or "")
        except PrefixExists:
            environment = await self._environments.by_prefix(self._envs_dirs[0] / (request.name or ""))
            if environment is None:
                raise
            return await self._find(environment.id, copied=True)
        return None

    async def _import(self, request: requests.Import, prefix: Path) -> Solved:
        from . import import_index, imports

        found = await imports.resolve(request, self._repodata, self._channels.permission, self._on_index)
        index = await import_index.solve(
            request, found.pypi, found.index, found.records, self._index, is_lenient=found.is_notebook
        )
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
            notes=(*found.notes, *imports.as_warnings(index.notes)),
            channels=found.channels,
            variables=found.variables,
            distributions=index.distributions,
            requirements=index.requirements,
            builds=tuple(each.name for each in index.distributions if not each.is_wheel),
            withdrawn=index.withdrawn,
        )

    # What the kinds share

    def _in_place(
        self,
        found: FoundEnvironment,
        request: requests.ChangeRequest,
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
            {**found.state.requested, **found.index.requirements},
            specs,
            origin="in_place",
            fingerprint=found.fingerprint,
            environment=found.environment,
            distributions_before=found.index.distributions,
            distributions=found.index.distributions,
            requirements=found.index.requirements,
            requirements_before=found.index.requirements,
        )

    async def _new_prefix(self, name: str, folder: Path | None = None) -> Path:
        folder = folder or self._envs_dirs[0]
        prefix = folder / name
        is_taken = (await _taken.gather([prefix]))[prefix]
        if is_taken is None:
            hint = "Check whether its network drive is available."
            raise NotFound(f"The directory {folder} cannot be reached.", hint=hint)
        if isinstance(is_taken, Exception):
            raise is_taken
        if is_taken:
            raise PrefixExists(f"An environment or directory called “{name}” already exists.")
        return prefix

    async def _find(self, environment_id: str, copied: bool = False) -> FoundEnvironment:
        pinned = self._repodata.settings.pinned_packages
        return await self._installed.read(environment_id, pinned, copied=copied)


_taken: BoundedReads[Path, bool] = BoundedReads(lambda prefix: prefix.exists() or prefix.is_symlink())


def _require_installed(names: Iterable[str], found: FoundEnvironment) -> None:
    """Raise NotFound for the first name that is neither a conda package nor a project in an environment."""
    for name in sorted(names):
        if name not in found.state.names and found.index.project(name) not in found.index.names:
            raise NotFound(f"“{name}” is not installed in this environment.")


def _needed(
    index: IndexState, provided: Mapping[str, str], state: State, gone: Collection[str], python: str
) -> set[str]:
    """Return the conda packages that must not be removed as orphans, because packages from the index need them."""
    needs = index_state.needs_of(index, python)
    left = {each.name for each in index_state.without(index, gone, python)}
    left |= {package.name for package in index.others}.difference(gone)
    parts = index_state.reached(index_state.parts(index, left), needs)
    needed = {name for part in parts for name, _ in needs(part)}
    return {name for name in state.names if texts.normalize(name) in needed & provided.keys()}
