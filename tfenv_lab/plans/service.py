"""Make plans, and keep them on disk for a day."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import plan_request_parser, plan_requests, serde
from ..conda.transaction.change import Change
from ..directories import COPIED
from ..disk import faults, writes
from ..disk.space import free_bytes
from ..errors import NotFound, StalePlan
from ..models import Advice
from ..sentences import say, some
from . import cleanings, earlier, shared_files
from .asked import asked
from .availability import missing
from .commands import commands
from .difference import entries, summary
from .models import Plan, StoredPlan
from .repair import with_repairs
from .sizes import Sizes, measure
from .warnings import warnings

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..conda.repodata.repodata import Repodata
    from ..directories import Directories
    from ..space.limits import Limits
    from ..space.service import SpaceService
    from .planner import Planner
    from .solved import Solved

#: Requests whose packages are not from a solve, so they may no longer be available.
_LOCKED = plan_requests.Revert | plan_requests.Clone | plan_requests.Rename | plan_requests.Repair
#: Name of what a cleaning changes, in place of an environment's.
DISK_SPACE = say("disk space")
#: Seconds that a plan is kept.
KEEP = 24 * 3600
_ID = re.compile(r"[0-9a-f]{16}")

_CREDENTIALS = say(
    "The file has user names, passwords or tokens in addresses. They are neither used nor "
    "stored: only the configuration of conda and pip may hold credentials."
)

#: Returns the paths of the notebooks whose running kernels use a prefix.
RunningIn = Callable[[Path], Awaitable[list[str]]]


class PlanService:
    """Service that makes plans and finds them again. A plan outlives the server that made it."""

    def __init__(
        self,
        planner: Planner,
        repodata: Repodata,
        folder: Path,
        package_cache: Path,
        running: RunningIn,
        directories: Directories,
        uv_cache: Callable[[], Path],
        space: SpaceService,
        limits: Limits,
    ) -> None:
        """Create the service. ``uv_cache`` returns the directory of uv's cache; it may read the disk."""
        self._planner = planner
        self._repodata = repodata
        self._folder = folder
        self._cache = package_cache
        self._running = running
        self._directories = directories
        self._uv_cache = uv_cache
        self._space = space
        self._limits = limits
        #: Plans of cleanings that could not be written because the disk is full. They last as long as the server.
        self._unsaved: dict[str, StoredPlan] = {}
        #: Makes the plan of a rollout; a room above sets it.
        self.make_rollout: Callable[[plan_requests.Rollout], Awaitable[Plan]] = _no_cluster

    async def create(self, body: dict[str, Any]) -> Plan:
        """Make a plan from the JSON of a request. Raises what the parser and the planner raise."""
        request = plan_request_parser.parse(body)
        if isinstance(request, plan_requests.Clean):
            return await self._clean(request)
        if isinstance(request, plan_requests.Rollout):
            plan = await self.make_rollout(request)
            await asyncio.to_thread(self._store, StoredPlan(plan, request))
            return plan
        solved = await self._planner.solve_request(request)
        if isinstance(request, plan_requests.Import | plan_requests.Match) and request.content != body["content"]:
            note = Advice("import-not-honoured", "warning", _CREDENTIALS)
            solved = replace(solved, notes=(*solved.notes, note))
        used = {"in_place": solved.prefix, "move": solved.source}.get(solved.origin)
        running = await self._running(used) if used else []
        sizes = await measure(solved, self._cache, self._uv_cache)
        locked: list[RepoDataRecord] = []
        if isinstance(solved.request, _LOCKED):
            locked = [record for record in solved.after if record.name.normalized in sizes.fetch]
        gone = await missing(locked, self._repodata) if locked else []
        plan = await asyncio.to_thread(self._plan, solved, sizes, running, gone)
        await self._limits.require(is_new=plan.is_new, added=plan.growth)
        await asyncio.to_thread(self._store, StoredPlan(plan, request))
        return plan

    async def _clean(self, request: plan_requests.Clean) -> Plan:
        cleaning = await self._space.cleaning(request)
        folder = self._directories.package_cache
        plan = Plan(
            id=secrets.token_hex(8),
            kind=request.kind,
            name=DISK_SPACE,
            prefix=str(folder),
            entries=[],
            download_bytes=0,
            install_bytes=0,
            sizes_complete=True,
            free_bytes=await asyncio.to_thread(free_bytes, folder),
            warnings=list(cleanings.warnings(cleaning)),
            commands=[],
            strategy="swap",
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            digest=None,
            freed_bytes=cleaning.bytes,
            frees=list(cleaning.freed),
            cleaning=cleaning,
        )
        stored = StoredPlan(plan, request)
        try:
            await asyncio.to_thread(self._store, stored)
        except OSError as error:
            # What frees space must work without space.
            if not faults.is_full(error):
                raise
            self._unsaved[plan.id] = stored
        return plan

    async def get(self, plan_id: str) -> Plan:
        """Return a plan, with the disk space that is free now. Raises NotFound."""
        return (await self.find(plan_id)).plan

    async def find(self, plan_id: str) -> StoredPlan:
        """Return a plan with the request that it was made from. Raises NotFound."""
        return await asyncio.to_thread(self._load, plan_id)

    async def require_current(self, plan: Plan) -> None:
        """Raise PrefixExists or StalePlan if the prefix changed since the plan was made."""
        from ..conda.transaction.apply import require_states

        if plan.change is not None:
            await asyncio.to_thread(require_states, plan.change)

    async def take(self, plan_id: str) -> None:
        """Mark a plan as applied. Raises StalePlan the second time."""
        if self._unsaved.pop(plan_id, None) is not None:
            return
        try:
            await asyncio.to_thread(self._path(plan_id).with_suffix(".applied").touch, 0o600, exist_ok=False)
        except FileExistsError as error:
            raise StalePlan(say("This plan was already applied.")) from error

    def _plan(self, solved: Solved, sizes: Sizes, running: list[str], gone: list[Advice]) -> Plan:
        from ..conda.prefix import lock, overlays
        from ..conda.transaction.placement import strategy_of

        settings = self._repodata.settings
        # In a copy every package is new, but warnings are about the differences from the original.
        requested = {*solved.requested, *solved.requirements}
        moves = entries(
            solved.before,
            solved.after,
            requested,
            distributions_before=solved.distributions_before,
            distributions=solved.distributions,
        )
        moves = with_repairs(solved, moves, requested)
        lines = (
            moves if solved.source is None else entries((), solved.after, requested, distributions=solved.distributions)
        )
        told = [entry.to_json() for entry in lines]
        shown = commands(solved, settings)
        return Plan(
            id=secrets.token_hex(8),
            kind=solved.request.kind,
            name=solved.name,
            prefix=str(solved.prefix),
            entries=told,
            download_bytes=sizes.download,
            install_bytes=sizes.install,
            added_bytes=sizes.added,
            shared_bytes=sizes.shared,
            freed_bytes=sizes.freed,
            sizes_complete=sizes.complete,
            free_bytes=free_bytes(solved.prefix),
            warnings=[*gone, *warnings(solved, moves, settings, running, self._of_files(solved, sizes))],
            commands=shown,
            strategy=strategy_of(solved.prefix) if solved.origin == "in_place" else "swap",
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            change=Change(
                origin=solved.origin,
                prefix=solved.prefix,
                kind=solved.request.kind,
                subdir=self._repodata.subdir,
                lock=lock.dumps(
                    solved.after, [ref.url for ref in settings.channels], self._repodata.subdir, solved.distributions
                ),
                requested=dict(solved.requested),
                channels=[ref.url for ref in settings.channels],
                source=solved.source,
                fingerprint=solved.fingerprint,
                summary=summary(lines),
                command=_recorded(solved.request.kind, shown),
                entries=told,
                variables=dict(solved.variables),
                requirements=dict(solved.requirements),
                others_removed=solved.others_removed,
                relinked=solved.relinked,
                reinstalled=solved.reinstalled,
                over=solved.over,
                matched=solved.request.mark if isinstance(solved.request, plan_requests.Match) else None,
                asked=asked(solved.request, solved.environment.name if solved.environment else solved.name),
            ),
            environment=solved.environment.id if solved.environment and solved.origin != "copy" else None,
            needed_bytes=sizes.needed,
            needs=list(sizes.needs),
            forgets=list(solved.passed_over.forgotten) if solved.passed_over else [],
            digest=lock.digest(solved.after, solved.distributions),
            rebuilds=solved.over is not None
            and solved.origin == "in_place"
            and overlays.read(solved.prefix) != solved.over,
        )

    def _of_files(self, solved: Solved, sizes: Sizes) -> list[Advice]:
        found = shared_files.warnings(solved, sizes, self._cache, self._uv_cache)
        found += list(self._directories.advice(None if solved.origin == "in_place" else solved.prefix))
        if sizes.copied:
            message = say(
                "{copied} cannot share files with {parent} by hard links, so the files are "
                "copied. This takes longer and needs more space.",
                copied=some([str(place) for place in sizes.copied], 2),
                parent=solved.prefix.parent,
            )
            found.append(Advice(COPIED, "info", message))
        return found

    def _path(self, plan_id: str) -> Path:
        if not _ID.fullmatch(plan_id):
            raise NotFound(say("No plan has this id."))
        return self._folder / f"{plan_id}.json"

    def _store(self, stored: StoredPlan) -> None:
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        for old in self._folder.iterdir():
            # Another request may be writing its plan: the file that it writes first has another name soon.
            with contextlib.suppress(FileNotFoundError):
                if old.stat().st_mtime < time.time() - KEEP:
                    old.unlink()
        writes.replace(self._path(stored.plan.id), serde.dumps(stored), private=True)

    def _load(self, plan_id: str) -> StoredPlan:
        if plan_id in self._unsaved:
            return self._unsaved[plan_id]
        try:
            text = self._path(plan_id).read_bytes()
        except FileNotFoundError as error:
            raise NotFound(
                say("This plan no longer exists; plans are kept for a day."), hint=say("Request the change again.")
            ) from error
        try:
            stored = earlier.read(text, self._repodata.subdir)
        except serde.Unreadable as error:
            message = say("Another version of tfenv_lab made this plan.")
            raise NotFound(message, str(error), hint=say("Request the change again.")) from error
        return replace(stored, plan=replace(stored.plan, free_bytes=free_bytes(Path(stored.plan.prefix))))


async def _no_cluster(request: plan_requests.Rollout) -> Plan:
    raise NotFound(say("There is no cluster “{cluster}” here.", cluster=request.cluster[:80]))


def _recorded(kind: str, shown: Sequence[str]) -> str:
    """Return the command to record in conda's history; one that lists URLs is recorded only by its kind."""
    return shown[0] if shown and kind not in ("import", "match", "revert", "repair") else f"tfenv_lab {kind}"
