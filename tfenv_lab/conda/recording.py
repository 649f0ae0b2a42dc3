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
    for installed in after:
        _complete(staged, installed, change.requested.get(installed.name.normalized))
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


def _complete(staged: Path, installed: PrefixRecord, spec: str | None) -> None:
    """Make a package's record what conda would have written: the requested spec, and links as it notes them.

    rattler gives a symbolic link the hash of the path it holds, conda none (``conda/core/path_actions.py``): `conda
    doctor` would take the file behind the link for altered.
    """
    path = staged / "conda-meta" / f"{installed.name.normalized}-{installed.version}-{installed.build}.json"
    text = path.read_text(encoding="utf-8")
    wanted = [spec] if spec else []
    asked = list(installed.requested_specs or []) == wanted and not installed.requested_spec
    if asked and '"softlink"' not in text:
        return
    stored = json.loads(text)
    stored.pop("requested_spec", None)
    stored["requested_specs"] = wanted
    links = [entry for entry in stored["paths_data"]["paths"] if entry.get("path_type") == "softlink"]
    hashes = [entry.pop("sha256_in_prefix", None) for entry in links]
    if asked and not any(hashes):
        return
    fresh = path.with_suffix(".tmp")
    fresh.write_text(json.dumps(stored, indent=2), encoding="utf-8")
    os.replace(fresh, path)  # noqa: PTH105


def carry_over(source: Path, staged: Path) -> None:
    """Give a renamed environment the history of the old one, conda's and ours."""
    if (source / "conda-meta" / "history").is_file():
        shutil.copy2(source / "conda-meta" / "history", staged / "conda-meta" / "history")
    if (source / revisions.FOLDER).is_dir():
        shutil.copytree(source / revisions.FOLDER, staged / revisions.FOLDER)
