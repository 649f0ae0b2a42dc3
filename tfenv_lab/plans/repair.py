"""Plan the repair of an environment whose files differ from its packages."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..conda.prefix import files, projects
from ..conda.prefix.files import Damage
from ..conda.prefix.pypi import PypiPackage, pypi_packages
from ..conda.prefix.records import by_name, channel_of
from ..errors import TfenvError
from ..models import Advice, Coming, Installed
from ..plan_requests import Repair, Revert
from ..sentences import joined, say, say_n, some
from .difference import in_order, same
from .lacking import completed, of_conda, of_index
from .models import Entry

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..pypi.models import Distribution
    from .index_solver import IndexSolver
    from .index_state import IndexState
    from .installed import FoundEnvironment
    from .solved import Solved
    from .solver import ChannelSolver

_SHOWN = 5


@dataclass(frozen=True)
class _Task:
    """What a repair does with packages from an index, by project.

    ``removed`` were installed over others and go away. ``reinstalled`` are ours. ``adopted`` were installed by pip or
    uv, and become ours by their versions. ``foreign`` were installed from a place that is not an index.
    """

    removed: frozenset[str]
    reinstalled: frozenset[str]
    adopted: Mapping[str, str]
    foreign: frozenset[str]


async def damages(prefix: Path, *, contents: bool = False) -> tuple[Damage, ...]:
    """Return the packages of an environment whose files differ from their records."""
    return tuple(await asyncio.to_thread(files.compare, prefix, contents=contents))


async def repaired(solved: Solved, found: FoundEnvironment, channels: ChannelSolver, index: IndexSolver) -> Solved:
    """Return a change of an environment that restores damaged packages, and adds those that other packages lack.

    Every file is read, because a repair must not leave damage.
    """
    known = await damages(found.prefix, contents=True)
    task = _task(known, found.index)
    unrepaired: list[str] = [
        say("pip did not install {name} from a package index, so it stays as it is.", name=name)
        for name in task.foreign
    ]
    state = replace(
        found.index,
        distributions=[each for each in found.index.distributions if each.name not in task.removed],
        others=[each for each in found.index.others if each.name not in task.removed],
    )
    after = found.state.records
    lacking = await asyncio.to_thread(of_conda, after, state.names)
    if lacking:
        try:
            after = await completed(found.state, channels)
        except TfenvError as error:
            unrepaired.append(_failed(lacking, error))
    before, now = by_name(solved.before), by_name(after)
    conda = (damage.name for damage in known if damage.source == "conda")
    relinked = tuple(name for name in conda if name in now and same(before[name], now[name]))
    requirements = {name: text for name, text in found.index.requirements.items() if name not in task.removed}
    distributions = state.distributions
    wanted = await _wanted(task, state, after, found, index)
    if wanted:
        try:
            answer = await index.solve(
                {**requirements, **wanted}, after, state, prefix=found.prefix, upgrade=set(wanted)
            )
        except TfenvError as error:
            if task.adopted and not relinked and not task.reinstalled and not task.removed:
                raise
            unrepaired.append(_failed(sorted(wanted.values()), error))
        else:
            distributions = answer.distributions
            # What becomes ours may be updated later.
            requirements.update({name: name for name in task.adopted})
    ours = {each.name for each in found.index.distributions}
    replaced = {each.name for each in distributions}.intersection(each.name for each in found.index.others)
    return replace(
        solved,
        after=after,
        distributions=distributions,
        requirements=requirements,
        relinked=relinked,
        reinstalled=tuple(sorted(task.reinstalled)),
        others_removed=tuple(sorted({*task.removed, *replaced} - ours)),
        damages=known,
        unrepaired=tuple(unrepaired),
    )


async def _wanted(
    task: _Task, state: IndexState, after: Sequence[RepoDataRecord], found: FoundEnvironment, index: IndexSolver
) -> dict[str, str]:
    """Return the requirements of what is installed from an index: again, or because other packages lack it."""
    python = next((str(record.version) for record in after if record.name.normalized == "python"), None)
    if python is None or not state.versions:
        return {}
    provided = await index.provided(after, found.prefix)
    lacking = await asyncio.to_thread(of_index, state, provided, python)
    return {**lacking, **{name: f"{name}=={version}" for name, version in task.adopted.items()}}


def _failed(what: Sequence[str], error: TfenvError) -> str:
    return say("{what} cannot be installed: {message}", what=some(what, _SHOWN), message=error.message)


async def restored(solved: Solved, found: FoundEnvironment, *, contents: bool) -> Solved:
    """Return a revert that also repairs the packages that stay. ``contents`` says whether every file is read."""
    known = await damages(found.prefix, contents=contents)
    task = _task(known, found.index)
    before, after = by_name(solved.before), by_name(solved.after)
    relinked = {d.name for d in known if d.source == "conda" and d.name in after and d.name in before}
    ours = {each.name: each for each in solved.distributions}
    return replace(
        solved,
        relinked=tuple(sorted(name for name in relinked if same(before[name], after[name]))),
        reinstalled=tuple(sorted(task.reinstalled & ours.keys())),
        others_removed=tuple(
            sorted(
                (task.removed - {each.name for each in found.index.distributions})
                | ours.keys() & {package.name for package in found.index.others}
            )
        ),
        damages=tuple(damage for damage in known if damage.source == "conda" or damage.name in ours),
    )


def _task(known: Sequence[Damage], state: IndexState) -> _Task:
    ours = {each.name for each in state.distributions}
    removed, reinstalled, adopted = set[str](), set[str](), dict[str, str]()
    for damage in known:
        thief = damage.overwritten_by
        if damage.source == "conda":
            if thief is not None:
                removed.add(thief.name)
            continue
        again, version = damage.name, damage.version
        if thief is not None:
            # Two distributions of TensorFlow: ours stays, or else the one that was installed last.
            gone, again, version = (
                (thief.name, damage.name, damage.version)
                if damage.name in ours
                else (damage.name, thief.name, thief.version)
            )
            removed.add(gone)
        if again in ours:
            reinstalled.add(again)
        else:
            adopted[again] = version
    wanted = {name: version for name, version in adopted.items() if name not in removed}
    foreign = frozenset(name for name in wanted if _is_foreign(state.dist_infos.get(name)))
    indexed = {name: version for name, version in wanted.items() if name not in foreign}
    return _Task(frozenset(removed), frozenset(reinstalled - removed), indexed, foreign)


def _is_foreign(package: PypiPackage | None) -> bool:
    """Return whether a package was installed from a URL, a directory or a repository (PEP 610)."""
    return package is not None and (package.dist_info / "direct_url.json").exists()


def with_repairs(solved: Solved, lines: Sequence[Entry], requested: Collection[str]) -> list[Entry]:
    """Return the entries of a change together with those of its repairs, if it is a repair or a revert."""
    if not isinstance(solved.request, Repair | Revert):
        return list(lines)
    repairs = {entry.name: entry for entry in _entries(solved, requested)}
    return in_order([*(entry for entry in lines if entry.name not in repairs), *repairs.values()])


def _entries(solved: Solved, requested: Collection[str]) -> Iterator[Entry]:
    known = {damage.name: damage for damage in solved.damages if damage.source == "conda"}
    records, locked = by_name(solved.after), {each.name: each for each in solved.distributions}
    thieves = {d.overwritten_by.name: d.overwritten_by for d in solved.damages if d.overwritten_by is not None}
    told = set()
    for name in solved.relinked:
        to, thief = _of_conda(records[name]), known[name].overwritten_by
        is_same = thief is not None and thief.name == projects.named(name)
        told.add(projects.named(name) if is_same else name)
        yield Entry("repair", name, _of_pip(thief) if thief and is_same else _side(to), to, name in requested)
    by_pip = {package.name: package for package in pypi_packages(solved.prefix)}
    for name in sorted(set(solved.reinstalled) | set(solved.others_removed) & locked.keys()):
        to = _of_index(locked[name])
        told.add(name)
        was = _side(to) if name in solved.reinstalled or name not in by_pip else _of_pip(by_pip[name])
        yield Entry("repair", name, was, to, name in requested, "pypi")
    for name in sorted(set(solved.others_removed) & thieves.keys() - told):
        yield Entry("remove", name, _of_pip(thieves[name]), None, False, "pypi")


def _of_pip(package: PypiPackage) -> Installed:
    return {"version": package.version, "build": "", "channel": None}


def _side(to: Coming) -> Installed:
    return {"version": to["version"], "build": to["build"], "channel": to["channel"]}


def _of_conda(record: RepoDataRecord) -> Coming:
    channel = channel_of(record.channel, record.subdir) or None
    return {
        "version": str(record.version),
        "build": str(record.build),
        "channel": channel,
        "size": record.size,
        "parts": [],
    }


def _of_index(found: Distribution) -> Coming:
    return {"version": found.version, "build": found.tag, "channel": found.origin, "size": found.size, "parts": []}


def warnings(solved: Solved) -> Iterator[Advice]:
    """Yield the warnings about damage: what a repair replaces, what stays damaged, and what a copy gets."""
    done = {*solved.relinked, *solved.reinstalled, *solved.others_removed}
    if solved.origin == "copy":
        left = [damage for damage in solved.damages if damage.name not in done]
        if left:
            yield _copied(solved, left)
        return
    damages = [damage for damage in solved.damages if damage.name in done]
    removed = {
        each.name: say(
            "{name} {version} (conda's {name_2} {version_2} is restored)",
            name=each.name,
            version=each.version,
            name_2=damage.name,
            version_2=damage.version,
        )
        for damage in damages
        if (each := damage.overwritten_by) is not None and damage.source == "conda"
    }
    if removed:
        texts = some(list(removed.values()), _SHOWN)
        yield Advice(
            "pip-overwritten", "warning", say("Packages that pip or uv installed are removed: {texts}.", texts=texts)
        )
    altered = [path for damage in damages for path in damage.altered]
    if altered:
        yield Advice(
            "files-replaced",
            "warning",
            say("Changes to these files are lost: {altered}.", altered=some(altered, _SHOWN)),
        )
    yield from (Advice("not-repaired", "warning", sentence) for sentence in solved.unrepaired)


def _copied(solved: Solved, left: Sequence[Damage]) -> Advice:
    counted = some([_counted(damage) for damage in left], _SHOWN)
    message = say(
        "Files of this environment differ from its packages, and the copy gets them as they are: "
        "{counted}. Repair the environment first.",
        counted=counted,
    )
    return Advice("damage-copied", "warning", message, Repair(solved.environment.id) if solved.environment else None)


def _counted(damage: Damage) -> str:
    counts = (
        say_n("{count} missing", "{count} missing", len(damage.missing)) if damage.missing else None,
        say_n("{count} altered", "{count} altered", len(damage.altered)) if damage.altered else None,
        say_n("{count} overwritten", "{count} overwritten", len(damage.overwritten)) if damage.overwritten else None,
    )
    return say("{name} ({counts})", name=damage.name, counts=joined(", ", counts))
