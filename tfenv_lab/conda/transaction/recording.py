"""Record a change in the tree that it builds: requested specs, conda's history, and a revision."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ... import serde
from ...disk import writes
from ...sentences import say
from ..prefix import digests, history, lock, revisions
from ..prefix.records import record_files, record_name
from ..prefix.wheels import Managed
from .staging import META

if TYPE_CHECKING:
    from rattler import PrefixRecord

    from .change import Change

#: The mode of rattler's records.
_PRIVATE = 0o600


def record(
    change: Change,
    job: str,
    staged: Path,
    before: Sequence[PrefixRecord],
    staying: Sequence[PrefixRecord],
    fresh: Sequence[PrefixRecord],
    asked: Mapping[str, str],
    earlier: Managed,
) -> revisions.Revision:
    """Write the requested specs, conda's history and the new revision into the staged tree.

    ``before`` are the packages and ``asked`` the requested specs before the change. ``staying`` are the packages that
    stay, and ``fresh`` those that were just linked. ``earlier`` is what the environment had from a package index.
    """
    _let_read(staged)
    for installed in staying:
        _complete(staged, installed, change.requested.get(installed.name.normalized))
    for installed in fresh:
        _complete(staged, installed, change.requested.get(installed.name.normalized), linked=True)
    if before and not revisions.read(staged):
        revisions.add(
            staged,
            kind="found",
            summary=say("State before the first change"),
            entries=[],
            requested=asked,
            lock=lock.dumps(before, change.channels, change.subdir, earlier.distributions),
            requirements=earlier.requirements,
            digest=lock.digest(before, earlier.distributions),
        )
    if change.variables:
        # Where “conda env config vars” keeps them.
        writes.replace(staged / META / "state", json.dumps({"env_vars": dict(change.variables)}))
    updated = [spec for name, spec in sorted(change.requested.items()) if asked.get(name) != spec]
    dropped = sorted(name for name in asked if name not in change.requested)
    history.append(staged, change.command, before, [*staying, *fresh], updated, dropped)
    digest = lock.digest(change.records(), change.distributions())
    digests.write(staged, digest, change.matched)
    return revisions.add(
        staged,
        kind=change.kind,
        summary=change.sentence("summary") or "",
        entries=list(change.entries),
        requested=change.requested,
        lock=change.lock,
        job=job,
        requirements=change.requirements,
        digest=digest,
        asked=change.sentence("asked"),
    )


def _let_read(staged: Path) -> None:
    """Give the records the permissions of new files. rattler writes them so that only their owner can read them.

    Those of packages that stay are corrected, too: earlier versions left them so.
    """
    mode = writes.usual_mode(staged / META)
    for path in record_files(staged):
        if stat.S_IMODE(path.lstat().st_mode) == _PRIVATE != mode:
            path.chmod(mode)


def _complete(staged: Path, installed: PrefixRecord, spec: str | None, linked: bool = False) -> None:
    """Edit a package's record to what conda would write: the requested spec, and symbolic links without a hash.

    If the package was just ``linked``, rattler recorded the hash of a symbolic link's target path. conda records none
    (``conda/core/path_actions.py``); with it, ``conda doctor`` would report the file behind the link as altered.
    """
    wanted = [spec] if spec else []
    asked = list(installed.requested_specs or []) == wanted and not installed.requested_spec
    if asked and not linked:
        return
    path = staged / META / record_name(installed)
    text = path.read_text(encoding="utf-8")
    if asked and '"softlink"' not in text:
        return
    stored = serde.parse(text)
    stored.pop("requested_spec", None)
    stored["requested_specs"] = wanted
    for entry in stored["paths_data"]["paths"] if linked else ():
        if entry.get("path_type") == "softlink":
            entry.pop("sha256_in_prefix", None)
    writes.replace(path, json.dumps(stored))
