"""What happened to a prefix: conda's own ``conda-meta/history``, and our revisions beside it.

The history file is written as conda writes it (conda/history.py), so that ``conda list --revisions`` and
``conda env export --from-history`` read it. A revision is a lock and what led to it; it lies in the prefix
(``conda-meta/tfenv_lab/``) and so travels with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rattler import RepoDataRecord

FOLDER = "conda-meta/tfenv_lab"


@dataclass(frozen=True)
class Revision:
    """One state in an environment's life. ``entries`` are a plan's lines, ``requested`` specs by package name."""

    number: int
    created: str
    kind: str
    summary: str
    entries: list[dict[str, Any]]
    requested: dict[str, str]
    job: str | None = None


def dist_string(record: RepoDataRecord) -> str:
    """Return conda's name of a package in a channel: ``conda-forge/linux-64::numpy-2.0.0-py311_0``."""
    channel = (record.channel or "").rstrip("/")
    split = urlsplit(channel)
    if split.scheme in ("http", "https"):
        # conda leaves out the host of the channel alias and keeps that of others.
        path = split.path.strip("/")
        channel = path if split.netloc == "conda.anaconda.org" else f"{split.scheme}://{split.netloc}/{path}"
    return f"{channel}/{record.subdir}::{record.name.normalized}-{record.version}-{record.build}"


def write_history(
    prefix: Path,
    command: str,
    before: Iterable[RepoDataRecord],
    after: Iterable[RepoDataRecord],
    updated_specs: Iterable[str] = (),
    removed_specs: Iterable[str] = (),
) -> None:
    """Append one section to ``conda-meta/history``: command, difference, and specs asked for or given up."""
    path = prefix / "conda-meta" / "history"
    path.parent.mkdir(parents=True, exist_ok=True)
    old, new = {dist_string(r) for r in before}, {dist_string(r) for r in after}
    lines = [f"==> {datetime.now().strftime('%Y-%m-%d %H:%M:%S')} <==", f"# cmd: {command}"]
    lines += [f"-{dist}" for dist in sorted(old - new)]
    lines += [f"+{dist}" for dist in sorted(new - old)]
    for action, specs in (("update", list(updated_specs)), ("remove", list(removed_specs))):
        if specs:
            lines.append(f"# {action} specs: {specs!r}")
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if text and not text.endswith("\n"):
        text += "\n"
    path.write_text(text + "\n".join(lines) + "\n", encoding="utf-8")


def revisions(prefix: Path) -> list[Revision]:
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


def add_revision(
    prefix: Path,
    *,
    kind: str,
    summary: str,
    entries: list[dict[str, Any]],
    requested: Mapping[str, str],
    lock: str,
    job: str | None = None,
) -> Revision:
    """Write the next revision into a prefix and return it. The first one of a prefix has number 0."""
    folder = prefix / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    known = revisions(prefix)
    revision = Revision(
        number=known[-1].number + 1 if known else 0,
        created=datetime.now(timezone.utc).isoformat(timespec="seconds"),
        kind=kind,
        summary=summary,
        entries=entries,
        requested=dict(requested),
        job=job,
    )
    lock_of(prefix, revision.number).write_text(lock, encoding="utf-8")
    # The record comes last: a revision counts once its lock is whole.
    (folder / f"{revision.number:05d}.json").write_text(json.dumps(asdict(revision)), encoding="utf-8")
    return revision
