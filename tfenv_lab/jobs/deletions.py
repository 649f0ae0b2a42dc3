"""Delete environments, undo that for some minutes, and delete for good what was set aside longer."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import structs

from ..conda.transaction import staging
from ..conda.transaction.staging import Leftover
from ..disk.reads import BoundedReads
from ..environment_names import check_name
from ..errors import NotFound, PrefixExists, TfenvError
from ..kernels.settings import moved
from ..sentences import filled, say
from .messages import ApplyChange, RemoveEnvironment, RestoreEnvironment
from .models import Job, Undo, new_id, now

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings
    from ..conda.transaction.change import Change
    from ..environments.models import Environment
    from ..space.limits import Limits
    from .aftermath import Aftermath
    from .events import JobEvents
    from .leftovers import Leftovers
    from .running import RunningJobs
    from .store import JobStore

#: Seconds between two looks for environments that were set aside long enough.
INTERVAL = 20.0


class Deletions:
    """The deletions of environments. Each is set aside for ``minutes``; with 0, it is deleted at once."""

    def __init__(
        self,
        *,
        minutes: int,
        store: JobStore,
        running: RunningJobs,
        events: JobEvents,
        aftermath: Aftermath,
        leftovers: Leftovers,
        settings: Callable[[], CondaSettings],
        order: Callable[[Job, Change], ApplyChange],
        limits: Limits,
        log: logging.Logger | logging.LoggerAdapter[Any],
    ) -> None:
        """Create the service. ``order`` returns the order for the worker that applies a change."""
        self.minutes = minutes
        self._settings, self._order, self._limits = settings, order, limits
        self._store, self._running, self._events = store, running, events
        self._aftermath, self._leftovers, self._log = aftermath, leftovers, log
        self._watching: asyncio.Task[None] | None = None

    async def begin(self, environment: Environment, *, at_once: bool = False) -> Job:
        """Start the job that deletes an environment. Raises Protected or PrefixBusy."""
        environment.require_changeable()
        from ..conda.transaction.removal import require_movable

        prefix = Path(environment.prefix)
        self._running.require_idle(prefix)
        await asyncio.to_thread(require_movable, prefix)
        await self._running.make_way(prefix)
        job = Job(new_id(), "delete", environment.name, environment.prefix, environment.id)
        keep = self.minutes > 0 and not at_once
        if keep:
            until = datetime.now(timezone.utc) + timedelta(minutes=self.minutes)
            job = await self._aftermath.remembering(job)
            job = replace(job, undo=Undo(until.isoformat(timespec="milliseconds")))
        return await self._running.begin(job, RemoveEnvironment(job.id, prefix, keep))

    async def undo(self, deletion: Job, name: str | None = None) -> Job:
        """Start the job that restores the environment of a deletion, under another name if one is given.

        Raises NotFound if it cannot be restored anymore, InvalidName, PrefixExists, PrefixBusy or LimitReached.
        """
        from ..conda.transaction import set_aside

        prefix = Path(deletion.prefix)
        self._require(deletion)
        # Its bytes count already.
        await self._limits.require(is_new=True, added=0)
        if name is not None and name != prefix.name:
            # The name becomes a part of a path.
            check_name(name)
            return await self._restore_as(deletion, prefix.with_name(name))
        self._running.require_idle(prefix)
        await asyncio.to_thread(set_aside.require_free, prefix)
        await self._running.make_way(prefix)
        job = Job(
            new_id(),
            "restore",
            deletion.name,
            deletion.prefix,
            deletion.environment,
            variables=deletion.variables,
            was_hidden=deletion.was_hidden,
            deletion=deletion.id,
        )
        return await self._running.begin(job, RestoreEnvironment(job.id, prefix, deletion.id))

    async def _restore_as(self, deletion: Job, prefix: Path) -> Job:
        from ..conda.transaction import set_aside
        from ..plans import restoring

        before = Path(deletion.prefix)
        for place in (prefix, before):
            self._running.require_idle(place)
        await asyncio.to_thread(_require_new, prefix)
        tree = set_aside.tree_of(before, deletion.id)
        if not await asyncio.to_thread(set_aside.is_set_aside, before, deletion.id):
            raise NotFound(filled(set_aside.GONE, name=deletion.name))
        change = await asyncio.to_thread(restoring.change, tree, before, prefix, self._settings())
        for place in (prefix, before):
            await self._running.make_way(place)
        kept = deletion.variables
        job = Job(
            new_id(),
            "restore",
            prefix.name,
            str(prefix),
            None,
            variables=None if kept is None else moved(kept, before, prefix),
            was_hidden=deletion.was_hidden,
            deletion=deletion.id,
        )
        return await self._running.begin(job, structs.replace(self._order(job, change), deletion=deletion.id))

    async def finish(self, deletion: Job) -> Job:
        """Delete at once what a deletion set aside, and return the deletion. Raises NotFound or PrefixBusy."""
        self._require(deletion)
        await self._expire(Path(deletion.prefix), deletion.id)
        await self.refresh()
        stored = await asyncio.to_thread(self._store.find, deletion.id)
        return replace(stored or deletion, undo=None)

    def _require(self, deletion: Job) -> None:
        from ..conda.transaction import set_aside

        if deletion.kind != "delete":
            raise NotFound(say("Only a deletion can be undone."))
        if deletion.to_json()["undo"] is None:
            raise NotFound(filled(set_aside.GONE, name=deletion.name))

    async def pending(self) -> list[Job]:
        """Return the deletions that may still have something set aside, newest first."""
        return [job for job in await asyncio.to_thread(self._store.load) if job.undo is not None and job.finished]

    async def refresh(self) -> None:
        """Store, and tell, which deletions cannot be undone anymore."""
        pending = await self.pending()
        found = await asyncio.to_thread(_states.run, [(job.prefix, job.id) for job in pending])
        for job in pending:
            # On a drive that does not answer, the environment may still be there.
            if found[job.prefix, job.id] is False:
                job = replace(job, undo=None)
                self._store.keep(job)
                self._events.emit(job)
        await self._store.kept()

    async def collect(self, prefixes: Collection[Path] = ()) -> None:
        """Delete for good what was set aside long enough: by the stored jobs, and, by their names, next to prefixes."""
        pending = {job.id: job for job in await self.pending()}
        due = [(Path(job.prefix), job.id) for job in pending.values() if job.undo and job.undo.until <= now()]
        beside = await asyncio.to_thread(_beside, list(prefixes)) if prefixes else []
        latest = time.time() - self.minutes * 60
        due += [(path, token) for token, path in beside if token not in pending and _begun(token) < latest]
        for prefix, token in due:
            with contextlib.suppress(TfenvError, OSError):
                await self._expire(prefix, token)
        if due:
            await self.refresh()

    async def _expire(self, prefix: Path, token: str) -> None:
        from ..conda.transaction import set_aside

        left: Leftover | None = await asyncio.to_thread(set_aside.expire, prefix, token)
        if left is not None:
            self._leftovers.remember([left])
            # The deletion succeeded some minutes ago, so it also says what stays.
            deletion = await asyncio.to_thread(self._store.find, token)
            if deletion is not None and left not in deletion.leftovers:
                deletion = replace(deletion, leftovers=[*deletion.leftovers, left])
                self._store.keep(deletion)
                await self._store.kept()
                self._events.emit(deletion)

    def watch(self) -> None:
        """Collect from now on, as long as this server runs."""
        if self._watching is None:
            self._watching = asyncio.ensure_future(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL)
            try:
                await self.collect()
            except Exception:
                self._log.exception("Deleted environments could not be collected")

    def stop(self) -> None:
        """Stop collecting."""
        if self._watching is not None:
            self._watching.cancel()


def _require_new(prefix: Path) -> None:
    if os.path.lexists(prefix):
        raise PrefixExists(say("An environment or directory called “{name}” already exists.", name=prefix.name))


def _begun(token: str) -> float:
    """Return when a job began (seconds since the epoch), by its id; 0 if the id is not one of ours."""
    try:
        return int(token[:11], 16) / 1000
    except ValueError:
        return 0.0


def _beside(prefixes: list[Path]) -> list[tuple[str, Path]]:
    found = _looks.run(prefixes)
    return [
        (token, path)
        for each in found.values()
        for token, path in sorted(each if isinstance(each, set) else ())
        if staging.kept_path(path, token).is_dir()
    ]


def _is_set_aside(what: tuple[str, str]) -> bool:
    from ..conda.transaction import set_aside

    return set_aside.is_set_aside(Path(what[0]), what[1])


_looks: BoundedReads[Path, set[tuple[str, Path]]] = BoundedReads(lambda prefix: staging.leftovers([prefix]))
_states: BoundedReads[tuple[str, str], bool] = BoundedReads(_is_set_aside)
