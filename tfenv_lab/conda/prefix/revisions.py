"""Our revisions of an environment: each is a lock and what led to it, kept in the prefix and so travelling with it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from ...disk import writes
from ...models import EntryJson

FOLDER = "conda-meta/tfenv_lab"


@dataclass(frozen=True)
class Revision:
    """One state in an environment's life. ``entries`` are a plan's lines, ``requested`` specs by package name."""

    number: int
    created: str
    kind: str
    summary: str
    entries: list[EntryJson]
    requested: dict[str, str]
    job: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the Revision of the REST contract."""
        fields = ("number", "created", "kind", "summary", "entries")
        return {name: getattr(self, name) for name in fields}


def read(prefix: Path) -> list[Revision]:
    """Return the revisions kept in a prefix, oldest first; unreadable ones are left out."""
    found = []
    for path in sorted((prefix / FOLDER).glob("[0-9]*.json")):
        try:
            found.append(Revision(**json.loads(path.read_text(encoding="utf-8"))))
        except (OSError, ValueError, TypeError):
            continue
    return sorted(found, key=lambda revision: revision.number)


def lock_of(prefix: Path, number: int) -> Path:
    """Return the path of a revision's lock (it may not exist)."""
    return prefix / FOLDER / f"{number:05d}.lock"


def add(
    prefix: Path,
    *,
    kind: str,
    summary: str,
    entries: list[EntryJson],
    requested: Mapping[str, str],
    lock: str,
    job: str | None = None,
) -> Revision:
    """Write the next revision into a prefix and return it. The first one of a prefix has number 0."""
    folder = prefix / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    known = read(prefix)
    revision = Revision(
        number=known[-1].number + 1 if known else 0,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        kind=kind,
        summary=summary,
        entries=entries,
        requested=dict(requested),
        job=job,
    )
    writes.replace(lock_of(prefix, revision.number), lock)
    # The record comes last: a revision counts once its lock is whole.
    writes.replace(folder / f"{revision.number:05d}.json", json.dumps(asdict(revision)))
    return revision
