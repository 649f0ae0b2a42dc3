"""Plans: made by the planner, kept on disk until they are applied or a day old."""

from __future__ import annotations

import asyncio
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import NotFound, StalePlan
from ..models import Advice
from . import requests
from .availability import missing
from .commands import commands
from .difference import entries, summary
from .models import Plan, PlanWork
from .sizes import Sizes, free_bytes, measure
from .warnings import warnings

if TYPE_CHECKING:
    from rattler import RepoDataRecord

    from ..conda.repodata import Repodata
    from .draft import Draft
    from .planner import Planner

#: Seconds a plan is kept.
KEEP = 24 * 3600
_ID = re.compile(r"[0-9a-f]{16}")

#: Returns the notebooks (by path) whose running kernels use a prefix.
RunningIn = Callable[[Path], Awaitable[list[str]]]


class PlanService:
    """Makes plans and finds them again. A plan outlives the server that made it."""

    def __init__(
        self,
        planner: Planner,
        repodata: Repodata,
        folder: Path,
        package_cache: Path,
        running: RunningIn,
    ) -> None:
        self._planner = planner
        self._repodata = repodata
        self._folder = folder
        self._cache = package_cache
        self._running = running

    async def create(self, body: dict[str, Any]) -> Plan:
        """Make a plan of a request's JSON. Raises whatever the parser and the planner raise."""
        draft = await self._planner.draft(requests.parse(body))
        changed = draft.copy_of if draft.moved else draft.prefix if draft.fingerprint else None
        running = await self._running(changed) if changed else []
        sizes = await measure(draft, self._cache)
        locked: list[RepoDataRecord] = []
        if isinstance(draft.request, requests.Revert | requests.Clone | requests.Rename):
            locked = [record for record in draft.after if record.name.normalized in sizes.fetch]
        gone = await missing(locked, self._repodata) if locked else []
        plan = await asyncio.to_thread(self._plan, draft, sizes, running, gone)
        await asyncio.to_thread(self._store, plan, body)
        return plan

    async def get(self, plan_id: str) -> Plan:
        """Return a plan, with the free space of this moment. Raises NotFound."""
        plan, _ = await asyncio.to_thread(self._load, plan_id)
        return plan

    async def request_of(self, plan_id: str) -> dict[str, Any]:
        """Return the JSON of the request that a plan was made of. Raises NotFound."""
        _, body = await asyncio.to_thread(self._load, plan_id)
        return body

    async def require_current(self, plan: Plan) -> None:
        """Raise PrefixExists or StalePlan where the prefix is not what the plan was made for."""
        from ..conda.transaction import require_state

        await asyncio.to_thread(require_state, Path(plan.prefix), plan.work.fingerprint)
        if plan.work.copy_of is not None and plan.work.moved is not None:
            await asyncio.to_thread(require_state, Path(plan.work.copy_of), plan.work.moved)

    async def take(self, plan_id: str) -> None:
        """Mark a plan as applied. Raises StalePlan the second time."""
        try:
            await asyncio.to_thread(self._path(plan_id).with_suffix(".applied").touch, exist_ok=False)
        except FileExistsError as error:
            raise StalePlan("This plan was applied already.") from error

    def _plan(self, draft: Draft, sizes: Sizes, running: list[str], gone: list[Advice]) -> Plan:
        from ..conda import lock
        from ..conda.strategy import strategy_of

        settings = self._repodata.settings
        installed = draft.before if draft.copy_of is None else ()
        lines = entries(installed, draft.after, draft.requested)
        # In a copy everything is new; what a person should know is what differs from the original.
        moves = lines if draft.copy_of is None else entries(draft.before, draft.after, draft.requested)
        not_copied = draft.copy_of is None or draft.moved is not None
        return Plan(
            id=secrets.token_hex(8),
            kind=draft.request.kind,
            name=draft.name,
            prefix=str(draft.prefix),
            entries=[entry.to_json() for entry in lines],
            download_bytes=sizes.download,
            install_bytes=sizes.install,
            sizes_complete=sizes.complete,
            free_bytes=free_bytes(draft.prefix),
            warnings=gone + warnings(draft, moves, settings, running),
            commands=commands(draft, settings),
            strategy=strategy_of(draft.prefix) if draft.fingerprint is not None else "swap",
            created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
            work=PlanWork(
                lock=lock.dumps(draft.after, [ref.url for ref in settings.channels], self._repodata.subdir),
                requested=dict(draft.requested),
                fingerprint=draft.fingerprint,
                copy_of=str(draft.copy_of) if draft.copy_of else None,
                moved=draft.moved,
                environment=draft.environment.id if draft.environment and not_copied else None,
                summary=summary(lines),
                needed_bytes=sizes.needed,
                pypi=list(draft.pypi),
            ),
        )

    def _path(self, plan_id: str) -> Path:
        if not _ID.fullmatch(plan_id):
            raise NotFound("There is no such plan.")
        return self._folder / f"{plan_id}.json"

    def _store(self, plan: Plan, body: dict[str, Any]) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for old in self._folder.iterdir():
            if old.stat().st_mtime < time.time() - KEEP:
                old.unlink(missing_ok=True)
        path = self._path(plan.id)
        fresh = path.with_suffix(".tmp")
        fresh.write_text(json.dumps({"plan": plan, "request": body}, default=vars), encoding="utf-8")
        fresh.replace(path)

    def _load(self, plan_id: str) -> tuple[Plan, dict[str, Any]]:
        try:
            stored = json.loads(self._path(plan_id).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise NotFound(
                "There is no such plan; it may be more than a day old.", hint="Review the change again."
            ) from error
        fields = stored["plan"]
        try:
            fields["warnings"] = [Advice(**warning) for warning in fields["warnings"]]
            fields["work"] = PlanWork(**fields["work"])
            fields["free_bytes"] = free_bytes(Path(fields["prefix"]))
            return Plan(**fields), stored["request"]
        except (TypeError, KeyError) as error:
            message = "This plan was made by another version of tfenv_lab."
            raise NotFound(message, str(error), hint="Review the change again.") from error
