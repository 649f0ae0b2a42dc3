"""Take the packages from an index that a file locks: exactly its files, or no plan; other origins, or a note."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..disk.reads import BoundedReads
from ..errors import BuildNeeded, IndexNotAllowed, Unsatisfiable
from ..pypi import locked, settings
from ..pypi import requirements as texts
from ..pypi.exact import ExactFiles
from ..pypi.models import Distribution, IndexLock, IndexPolicy, Locked
from ..pypi.places import path_of
from ..sentences import redact, say, some


@dataclass(frozen=True)
class ChosenPackages:
    """What a lock comes to in an environment.

    ``distributions`` are exact. ``unsolved`` are requirements by project that still have to be resolved: those with a
    URL, and those of which only the version counts. ``requested`` is what led to all of these, ``hashes`` has the
    permitted SHA-256 of what is resolved, and ``notes`` say what is left out.
    """

    distributions: Sequence[Distribution] = ()
    unsolved: Mapping[str, str] = field(default_factory=dict)
    requested: Mapping[str, str] = field(default_factory=dict)
    hashes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    notes: Sequence[str] = ()


async def take(lock: IndexLock, conda: Mapping[str, str], files: ExactFiles) -> ChosenPackages:
    """Take what counts in a lock beside the projects that ``conda`` packages provide.

    Raises Unsatisfiable, BuildNeeded, IndexNotAllowed, IndexUnreachable, InvalidRequest.
    """
    if not lock.packages:
        return ChosenPackages(hashes=lock.hashes if lock.detail == "exact" else {})
    policy = files.settings.policy
    packages = await asyncio.to_thread(locked.counted, lock, files.python)
    _require_agreement([each for each in packages if each.name in conda], conda, lock)
    ours = [each for each in packages if each.name not in conda]
    direct, notes = await _direct([each for each in ours if each.direct], policy, lock)
    on_index = [each for each in ours if not each.direct]
    exact = [each for each in on_index if each.files and lock.detail == "exact"]
    _require_builds([*_unbuilt(direct), *files.needing_builds(exact)], files)
    found = await files.find(exact)
    both = [f"{each.label} (from {_origin(each)})" for each in packages if each.name in conda]
    if both and lock.detail == "exact":
        notes.append(
            say("These packages come from a channel, which has the same versions: {both}.", both=", ".join(both))
        )
    loose = [each for each in on_index if each not in exact]
    unsolved = {**locked.as_requirements(lock, loose), **{each.name: f"{each.name} @ {each.direct}" for each in direct}}
    requested = locked.requested(lock, [*direct, *on_index], files.python)
    urls = {each.name: unsolved[each.name] for each in direct}
    return ChosenPackages(
        found,
        unsolved,
        {name: urls.get(name, text) for name, text in requested.items()},
        {**lock.hashes, **{each.name: _hashes(each) for each in direct if _hashes(each)}},
        notes,
    )


def _require_agreement(packages: Sequence[Locked], conda: Mapping[str, str], lock: IndexLock) -> None:
    """Raise Unsatisfiable if a channel's package and a locked one are different versions of a project."""
    others = [
        say("{label} (from a channel: {conda})", label=each.label, conda=conda[each.name])
        for each in packages
        if each.version and lock.detail != "names" and not texts.is_same_version(each.version, conda[each.name])
    ]
    if others:
        raise Unsatisfiable(
            say("The file has packages from an index in another version than from a channel: ") + some(others, 5) + ".",
            "\n".join(others),
            say("An environment can have only one version of a package: remove one of them from the file."),
        )


def _require_builds(packages: Sequence[Locked], files: ExactFiles) -> None:
    """Raise BuildNeeded, or IndexNotAllowed, if packages must be built although the request does not permit it."""
    if not packages or files.builds:
        return
    names = some([f"{each.label} (from {_origin(each)})" for each in packages], 5)
    message = say("The file has packages that would have to be built from source: {names}.", names=names)
    if not files.settings.policy.allow_source_builds:
        hint = say("Use packages with wheels, or ask the administrator to change TfenvLab.allow_source_builds.")
        raise IndexNotAllowed(say("{message} The administrator does not permit this.", message=message), hint=hint)
    raise BuildNeeded(message)


def _unbuilt(direct: Sequence[Locked]) -> list[Locked]:
    return [each for each in direct if not each.direct.partition("#")[0].endswith(".whl")]


async def _direct(packages: Sequence[Locked], policy: IndexPolicy, lock: IndexLock) -> tuple[list[Locked], list[str]]:
    """Return the packages whose URL may be followed, and notes that name the others."""
    paths = [path for each in packages if (path := path_of(each.direct)) is not None]
    exists = await _exists.gather(paths)
    taken: list[Locked] = []
    refused: dict[str, list[str]] = {}
    for each in packages:
        path = path_of(each.direct)
        if path is None and "://" not in each.direct:
            why = say("the file does not say where this path begins")
        elif not policy.allow_url_requirements:
            why = say("the administrator does not permit requirements that name a URL")
        elif not settings.is_allowed(each.direct.removeprefix("git+"), policy):
            why = say("this place is not among TfenvLab.allowed_indexes")
        elif path is not None and exists[path] is not True:
            why = say("it does not exist on this machine")
        elif not policy.allow_source_builds and _unbuilt([each]):
            why = say("the administrator does not permit building packages from source")
        elif lock.detail == "exact" and each.direct.startswith("git+") and not _COMMIT.search(each.direct):
            why = say("the file names no commit")
        else:
            taken.append(each)
            continue
        refused.setdefault(why, []).append(f"{each.name} (from {_origin(each)})")
    return taken, [
        say("Not installed, because {why}: {names}.", why=why, names=", ".join(names)) for why, names in refused.items()
    ]


def _hashes(package: Locked) -> tuple[str, ...]:
    return tuple(each.sha256 for each in package.files if each.sha256)


def _origin(package: Locked) -> str:
    return redact(package.direct or next((each.url for each in package.files), say("an index")))[:200]


#: A lock has a commit; a branch or a tag can move.
_COMMIT = re.compile(r"@[0-9a-f]{7,64}(?:#|$)")
_exists: BoundedReads[Path, bool] = BoundedReads(lambda path: path.exists())
