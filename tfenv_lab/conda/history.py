"""conda's own record of what happened to a prefix, ``conda-meta/history``.

It is written as conda writes it (conda/history.py), so that ``conda list --revisions`` and
``conda env export --from-history`` read it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from . import writing
from .records import channel_of

if TYPE_CHECKING:
    from rattler import RepoDataRecord


def dist_string(record: RepoDataRecord) -> str:
    """Return conda's name of a package in a channel: ``conda-forge/linux-64::numpy-2.0.0-py311_0``."""
    channel = channel_of(record.channel, record.subdir)
    split = urlsplit(channel)
    if split.scheme in ("http", "https"):
        # conda leaves out the host of the channel alias and keeps that of others.
        path = split.path.strip("/")
        channel = path if split.netloc == "conda.anaconda.org" else f"{split.scheme}://{split.netloc}/{path}"
    return f"{channel}/{record.subdir}::{record.name.normalized}-{record.version}-{record.build}"


def append(
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
    writing.replace(path, text + "\n".join(lines) + "\n")
