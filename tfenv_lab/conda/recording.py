"""What a change writes down in the tree that it builds: requested specs, conda's history, and our revision."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from . import history, lock, revisions

if TYPE_CHECKING:
    from rattler import PrefixRecord

    from .transaction import Change


def record(
    change: Change, staged: Path, before: list[PrefixRecord], after: list[PrefixRecord], asked: dict[str, str]
) -> revisions.Revision:
    """Write requested specs, conda's history and our revision into the staged tree."""
    for record in after:
        _remember(staged, record, change.requested.get(record.name.normalized))
    if before and not revisions.read(staged):
        revisions.add(
            staged,
            kind="found",
            summary="As it was found",
            entries=[],
            requested=asked,
            lock=lock.dumps(before, change.channels, change.subdir),
        )
    updated = [spec for name, spec in sorted(change.requested.items()) if asked.get(name) != spec]
    dropped = sorted(name for name in asked if name not in change.requested)
    history.append(staged, change.command, before, after, updated, dropped)
    return revisions.add(
        staged,
        kind=change.kind,
        summary=change.summary,
        entries=change.entries,
        requested=change.requested,
        lock=lock.dumps(change.records, change.channels, change.subdir),
        job=change.job,
    )


def _remember(staged: Path, record: PrefixRecord, spec: str | None) -> None:
    """Enter (or clear) the requested spec in a package's record where it differs."""
    wanted = [spec] if spec else []
    if list(record.requested_specs or []) == wanted and not record.requested_spec:
        return
    path = staged / "conda-meta" / f"{record.name.normalized}-{record.version}-{record.build}.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    stored.pop("requested_spec", None)
    stored["requested_specs"] = wanted
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(stored, indent=2), encoding="utf-8")
    os.replace(fresh, path)  # noqa: PTH105


def carry_over(source: Path, staged: Path) -> None:
    """Give a renamed environment the history of the old one, conda's and ours."""
    if (source / "conda-meta" / "history").is_file():
        shutil.copy2(source / "conda-meta" / "history", staged / "conda-meta" / "history")
    if (source / revisions.FOLDER).is_dir():
        shutil.copytree(source / revisions.FOLDER, staged / revisions.FOLDER)
