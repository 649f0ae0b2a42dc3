"""Solve plan requests: turn each kind of request into the records of the changed environment."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from .. import plan_requests as requests
from ..disk.reads import BoundedReads
from ..errors import InvalidRequest, NotFound, PrefixExists
from ..sentences import say
from . import moving, removing, repair, reverting
from .creating import Creator
from .index_solver import IndexSolver
from .installed import FoundEnvironment, InstalledReader
from .solved import Solved, in_place
from .solver import ChannelSolver

if TYPE_CHECKING:
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
        overlaid = await self._overlaid(request)
        if overlaid is not None:
            return overlaid
        match request:
            case requests.Create():
                return self._permitted(await self._create(request))
            case requests.Install() | requests.Update():
                return self._permitted(await self._move(request))
            case requests.Remove():
                return await removing.remove(request, await self._find(request.environment), self._index)
            case requests.Overlay():
                return await self._overlay(request)
            case requests.Clone() | requests.Rename():
                return await self._clone(request)
            case requests.Revert():
                found = await self._find(request.environment, copied=request.into is not None)
                prefix = await self._new_prefix(request.into) if request.into is not None else None
                return self._permitted(await reverting.revert(request, found, prefix, self._repodata.subdir))
            case requests.Import():
                return self._permitted(await self._import(request, await self._new_prefix(request.name)))
            case requests.Match():
                return self._permitted(await self._match(request))
            case requests.Repair():
                found = await self._find(request.environment)
                solved = in_place(found, request, found.state.records, dict(found.state.requested))
                return self._permitted(await repair.repaired(solved, found, self._channels, self._index))

    async def _create(self, request: requests.Create) -> Solved:
        prefix = await self._new_prefix(request.name, self._folder(request.envs_dir))
        channels = self._channels if request.channels is None else self._channels.among(request.channels)
        creator = Creator(self._catalog.on(channels.repodata), self._repodata.settings, channels, self._index)
        solved = await creator.create(request, prefix)
        if request.channels is None:
            return solved
        return dataclasses.replace(solved, channels=channels.repodata.settings.channels)

    async def _overlay(self, request: requests.Overlay) -> Solved:
        from . import overlays

        environment = await self._environments.readable(request.environment)
        return await overlays.create(request, environment.prefix, await self._new_prefix(request.name), self._index)

    async def _overlaid(self, request: requests.ChangeRequest) -> Solved | None:
        """Solve a change of an overlay; None for other requests. Raises InvalidRequest for what an overlay cannot have.

        A copy of an overlay, and a new name, are the same as for other environments.
        """
        from . import overlays

        match request:
            case requests.Install() | requests.Update() | requests.Remove() | requests.Repair():
                environment = await self._environments.readable(request.environment)
                if environment.over is None:
                    return None
                into = getattr(request, "into", None)
                found = await self._find(request.environment, copied=into is not None)
                prefix = await self._new_prefix(into) if into is not None else None
                return await overlays.change(request, found, prefix, self._index)
            case requests.Match(environment=str(identifier)) | requests.Revert(environment=identifier):
                overlays.require_whole(await self._environments.readable(identifier))
        return None

    def _folder(self, envs_dir: str | None) -> Path:
        """Return the directory for environments that a request names, or the usual one. Raises InvalidRequest."""
        if envs_dir is None:
            return self._envs_dirs[0]
        found = next((folder for folder in self._envs_dirs if str(folder) == envs_dir), None)
        if found is None:
            raise InvalidRequest(
                say("{envs_dir} is not one of the directories for environments.", envs_dir=envs_dir[:200]),
                hint=say("Choose one of {map}.", map=", ".join(map(str, self._envs_dirs))),
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
            found.require_installed(request.packages)
        prefix = await self._new_prefix(request.into) if request.into is not None else None
        return await moving.move(request, found, prefix, self._channels, self._index)

    async def _clone(self, request: requests.Clone | requests.Rename) -> Solved:
        from ..conda.prefix import overlays
        from ..conda.transaction.removal import require_movable

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
            over=await asyncio.to_thread(overlays.read, found.prefix),
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
            if environment is None or environment.over is not None:
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

    async def _new_prefix(self, name: str, folder: Path | None = None) -> Path:
        folder = folder or self._envs_dirs[0]
        prefix = folder / name
        is_taken = (await _taken.gather([prefix]))[prefix]
        if is_taken is None:
            hint = say("Check whether its network drive is available.")
            raise NotFound(say("The directory {folder} cannot be reached.", folder=folder), hint=hint)
        if isinstance(is_taken, Exception):
            raise is_taken
        if is_taken:
            raise PrefixExists(say("An environment or directory called “{name}” already exists.", name=name))
        return prefix

    async def _find(self, environment_id: str, copied: bool = False) -> FoundEnvironment:
        pinned = self._repodata.settings.pinned_packages
        return await self._installed.read(environment_id, pinned, copied=copied)


_taken: BoundedReads[Path, bool] = BoundedReads(lambda prefix: prefix.exists() or prefix.is_symlink())
