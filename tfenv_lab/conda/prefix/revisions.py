"""Read and write an environment's revisions: each is a lock and its cause, stored in the prefix itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

from ... import serde
from ...disk import writes
from ...models import EntryJson
from ...sentences import Translatable

FOLDER = "conda-meta/tfenv_lab"


@dataclass(frozen=True)
class Revision(Translatable):
    """One state in an environment's history.

    ``entries`` are the entries of the plan that led to it, ``requested`` are the specs by package name, and
    ``requirements`` what was requested of a package index. ``digest`` identifies the packages, and ``asked`` says what
    the user requested in this change; older revisions have neither. ``note`` is what the user wrote about it.
    """

    number: int
    created: str
    kind: str
    summary: str
    entries: list[EntryJson]
    requested: dict[str, str]
    job: str | None = None
    requirements: dict[str, str] = field(default_factory=dict)
    digest: str | None = None
    asked: str | None = None
    note: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the Revision of the REST contract."""
        fields = ("number", "created", "kind", "summary", "entries", "digest", "asked", "note", "sentences")
        return {name: getattr(self, name) for name in fields}


def read(prefix: Path) -> list[Revision]:
    """Return the revisions stored in a prefix, oldest first. Unreadable ones are left out."""
    found = []
    for path in sorted((prefix / FOLDER).glob("[0-9]*.json")):
        try:
            revision = Revision(**serde.parse(path.read_text(encoding="utf-8")))
            found.append(replace(revision, entries=[_completed(entry) for entry in revision.entries]))
        except (OSError, ValueError, TypeError, AttributeError):
            continue
    return sorted(found, key=lambda revision: revision.number)


def annotate(prefix: Path, number: int, note: str | None) -> Revision | None:
    """Write the note of a revision, or remove it, and return the revision; None if there is no such revision.

    The file is replaced, because a copy of the environment may share it by a hard link.
    """
    found = next((revision for revision in read(prefix) if revision.number == number), None)
    if found is None:
        return None
    annotated = replace(found, note=note)
    writes.replace(prefix / FOLDER / f"{number:05d}.json", json.dumps(asdict(annotated)))
    return annotated


def _completed(entry: Any) -> EntryJson:
    """Return an entry with the fields that earlier versions did not write."""
    # Before there were package indexes, all packages were conda's.
    to = {"parts": [], **entry["to"]} if entry.get("to") else None
    return cast("EntryJson", {"source": "conda", **entry, "to": to})


def lock_of(prefix: Path, number: int) -> Path:
    """Return the path of a revision's lock, which may not exist."""
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
    requirements: Mapping[str, str] | None = None,
    digest: str | None = None,
    asked: str | None = None,
) -> Revision:
    """Write the next revision into a prefix and return it. Numbers start at 0."""
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
        requirements=dict(requirements or {}),
        digest=digest,
        asked=asked,
    )
    writes.replace(lock_of(prefix, revision.number), lock)
    # Write the JSON file last: it makes the revision valid, and the lock must be complete by then.
    writes.replace(folder / f"{revision.number:05d}.json", json.dumps(asdict(revision)))
    return revision
