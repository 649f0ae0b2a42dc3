"""Solve installs and updates: conda's part first, then what comes from a package index."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from .. import plan_requests as requests
from ..errors import IndexUnreachable, Unsatisfiable
from ..pypi import requirements
from ..pypi.models import MARK
from ..tensorflow_packages import DISTRIBUTIONS, LEADS
from . import index_state, installed_state, removing, sources
from .index_solver import FromIndex, IndexSolver, combined
from .installed import FoundEnvironment
from .repair import damages
from .solved import HeldBack, PassedOver, Solved, find_held_back
from .solver import ChannelSolver, conflict, hinted

if TYPE_CHECKING:
    from pathlib import Path

    from ..conda.engine import GenericVirtualPackage, RepoDataRecord


@dataclass(frozen=True)
class _Task:
    """What a request asks of both sources.

    ``new`` are conda specs by name, ``freed`` the conda packages that may move, ``stuck`` those that no channel has,
    and ``held`` constraints. ``requested`` are all requirements after the change, ``changed`` those that the request
    names, and ``upgrade`` the projects that may move (None: all). ``moved`` has the specs that became requirements, by
    project, and ``replaced`` names conda packages that give way to the index. ``left`` are the projects from the index
    that give way to other packages with the same files, or to those of a channel.
    """

    new: Mapping[str, str] = field(default_factory=dict)
    freed: Collection[str] = ()
    stuck: Collection[str] = ()
    held: Sequence[str] = ()
    requested: Mapping[str, str] = field(default_factory=dict)
    changed: Mapping[str, str] = field(default_factory=dict)
    upgrade: Collection[str] | None = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    replaced: Collection[str] = ()
    left: Collection[str] = ()


@dataclass(frozen=True)
class _CondaPart:
    after: Sequence[RepoDataRecord]
    asked: dict[str, str]
    given: tuple[str, ...]
    cuda: str | None = None
    virtual: Sequence[GenericVirtualPackage] = ()
    held_back: HeldBack | None = None
    passed_over: PassedOver | None = None


async def move(
    request: requests.Install | requests.Update,
    found: FoundEnvironment,
    prefix: Path | None,
    channels: ChannelSolver,
    index: IndexSolver,
) -> Solved:
    """Solve a request in an environment, or in a copy of it at ``prefix``.

    Raises NotFound, InvalidSpec, ChannelNotAllowed, Unsatisfiable, ChannelUnreachable.
    """
    rest = removing.Rest(found)
    if isinstance(request, requests.Install):
        rest = await removing.without(found, request.remove, index)
        solved, conda, task = await _install(request, rest.found, channels, index)
        removing.require_absent(request.remove, conda.after, solved.distributions)
    else:
        task = await _update_task(request, found, channels)
        conda = await _on_channels(request, found, task, channels)
        solved = await _on_index(request, found, task, conda, index)
        before = {**found.index.former, **found.index.requirements}
        remembered = index_state.remembered(before, solved.requirements, solved.distributions)
        solved = replace(solved, requirements=remembered)
    installed = {each.name for each in found.index.distributions}
    others = {package.name for package in found.index.others}
    replaced = others.intersection({*rest.others_removed, *task.left, *(each.name for each in solved.distributions)})
    return Solved(
        request,
        request.into or found.environment.name,
        prefix or found.prefix,
        found.state.records,
        conda.after,
        conda.asked,
        {**found.state.requested, **found.index.requirements},
        conda.given,
        origin="copy" if prefix else "in_place",
        source=found.prefix if prefix else None,
        fingerprint=None if prefix else found.fingerprint,
        environment=found.environment,
        cuda=conda.cuda,
        virtual=conda.virtual,
        held_back=conda.held_back,
        passed_over=conda.passed_over,
        distributions_before=found.index.with_others(replaced),
        distributions=solved.distributions,
        requirements=dict(solved.requirements),
        requirements_before=found.index.requirements,
        others_removed=tuple(sorted({*replaced, *solved.displaced})),
        from_index=task.moved,
        crossing=tuple(sorted({*task.replaced, *solved.taken_over})),
        builds=tuple(each.name for each in solved.distributions if not each.is_wheel and each.name not in installed),
        withdrawn=solved.withdrawn,
        damages=await damages(found.prefix) if prefix else (),
    )


async def _install(
    request: requests.Install, found: FoundEnvironment, channels: ChannelSolver, index: IndexSolver
) -> tuple[FromIndex, _CondaPart, _Task]:
    offered = await channels.names() if sources.specs_of(request.specs, channels.spec) else ()
    named = [_as_installed(text, found, channels) for text in request.specs]
    split = sources.split(named, channels.spec, offered, {each.name for each in found.index.distributions})
    task = _install_task(split, found, split.moved)
    try:
        conda = await _on_channels(request, found, task, channels)
    except Unsatisfiable:
        again = sources.all_from_index(split)
        if again is None or not found.index.distributions:
            raise
        task = _install_task(again, found, again.moved)
        conda = await _on_channels(request, found, task, channels)
    else:
        doubled = await _doubled(found, conda, split, index)
        again = sources.all_from_index(split) if doubled else None
        if again is not None:
            # The channel's packages would replace what is already installed from the index.
            task = _install_task(again, found, again.moved)
            conda = await _on_channels(request, found, task, channels)
    try:
        return await _on_index(request, found, task, conda, index), conda, task
    except (Unsatisfiable, IndexUnreachable) as error:
        if not split.moved:
            raise
        # Neither source has the package: the solver's own answer knows similar names.
        specs = sources.Split([*split.specs, *split.moved.values()], {}, {}, split.fixed)
        await _on_channels(request, found, _install_task(specs, found, {}), channels)
        raise error


def _as_installed(text: str, found: FoundEnvironment, channels: ChannelSolver) -> str:
    """Return a request for TensorFlow as one for the project that the environment has it from."""
    project = found.index.tensorflow
    if project is None or sources.is_for_index(text) or "::" in text:
        return text
    spec = channels.spec(text)
    name, *rest = spec.split(" ")
    if found.index.project(name) != project or name == project:
        return text
    return MARK + sources.as_requirement(" ".join([project, *rest[:1]]))


def _install_task(split: sources.Split, found: FoundEnvironment, moved: Mapping[str, str]) -> _Task:
    from ..conda.solving import specs

    state = found.state
    new = installed_state.same_variant(state, specs.by_name(split.specs))
    replaced: Collection[str] = ()
    if not LEADS.isdisjoint(state.names) and not set(split.requirements).isdisjoint(DISTRIBUTIONS):
        # TensorFlow moves to the index: conda's packages of it give way, with all that only they need.
        replaced = LEADS.intersection(state.names)
    former = {name: text for name, text in found.index.former.items() if name in split.requirements}
    left = _left(split, found)
    earlier = {name: text for name, text in {**found.index.requirements, **former}.items() if name not in left}
    requested = combined(earlier, split.requirements)
    return _Task(
        new=new,
        requested=requested,
        changed=split.requirements,
        upgrade={name for name in split.requirements if name in found.index.names},
        moved=moved,
        replaced=replaced,
        left=left,
    )


def _left(split: sources.Split, found: FoundEnvironment) -> set[str]:
    """Return the projects from the index that an install gives up.

    They are those that it requests of a certain channel, and each other TensorFlow, which has the same files.
    """
    left = {requirements.normalize(name) for name in split.fixed}
    if not LEADS.isdisjoint(split.fixed) or not split.requirements.keys().isdisjoint(DISTRIBUTIONS):
        left.update(DISTRIBUTIONS)
    return (left & found.index.names) - split.requirements.keys()


async def _doubled(found: FoundEnvironment, conda: _CondaPart, split: sources.Split, index: IndexSolver) -> set[str]:
    """Return the projects from the index that new conda packages would replace although the request names them not."""
    if not found.index.distributions:
        return set()
    before = {record.name.normalized for record in found.state.records}
    new = [record for record in conda.after if record.name.normalized not in before]
    provided = await index.provided(new)
    ours = {each.name for each in found.index.distributions}
    return ours.intersection(provided) - split.fixed


async def _update_task(request: requests.Update, found: FoundEnvironment, channels: ChannelSolver) -> _Task:
    state, index = found.state, found.index
    if request.packages == requests.ALL:
        moving = named = set(index.requirements)
        new, freed = installed_state.loosened(state, requests.ALL)
        upgrade: Collection[str] | None = None
        of_conda: tuple[str, ...] | str = requests.ALL
    else:
        both = [(name, index.project(name)) for name in request.packages]
        named = {project for name, project in both if name not in state.names and project in index.names}
        conda_names = tuple(name for name, project in both if project not in named)
        new, freed = installed_state.loosened(state, conda_names) if conda_names else ({}, set())
        # If conda's TensorFlow moves, what belongs to it on the index moves with it, such as tf-keras.
        moving = named | LEADS.intersection(conda_names)
        upgrade = index_state.freed(index, moving)
        of_conda = conda_names
    held = installed_state.tensorflow_pin(state, of_conda) if freed else []
    stuck: set[str] = set()
    if freed:
        # A package that no channel has, such as one from a file, has no candidate but the installed one.
        unlisted = (freed & state.names).difference(await channels.repodata.names())
        freed -= unlisted
        stuck = unlisted if of_conda == requests.ALL else unlisted.intersection(of_conda)
    return _Task(
        new=new,
        freed=freed,
        stuck=stuck,
        held=held,
        requested=index_state.loosened(index, moving),
        changed={name: index.requirements.get(name, name) for name in named},
        upgrade=upgrade,
    )


async def _on_channels(
    request: requests.Install | requests.Update, found: FoundEnvironment, task: _Task, channels: ChannelSolver
) -> _CondaPart:
    """Solve conda's part of a request. Where it has none, the packages stay as they are."""
    from ..conda.machine import virtual_packages

    state = found.state
    if task.replaced:
        needed = set(state.requested) - set(task.replaced)
        left = installed_state.without(state, task.replaced, needed)
        state = installed_state.State(left, {n: s for n, s in state.requested.items() if n in needed}, state.pins)
    if not task.new and not task.freed:
        return _CondaPart(state.records, dict(state.requested), ())
    overrides = virtual_packages.overrides(channels.repodata.settings)
    cuda, virtual = await asyncio.to_thread(installed_state.virtual, state, overrides)

    async def solve(
        new: Mapping[str, str],
        requested: Mapping[str, str],
        also: Collection[str] = (),
        pinned: Sequence[str] = state.pins,
    ) -> list[RepoDataRecord]:
        moving = {*task.freed, *also}
        keep = [record for record in (*state.records, *state.spare) if record.name.normalized not in moving]
        constraints = [*pinned, *task.held, *([] if "python" in new else installed_state.python_pin(state))]
        roots = {**installed_state.leaves(state), **requested, **new}
        return await channels.solve(roots.values(), keep, constraints, virtual)

    try:
        after = await solve(task.new, state.holding)
    except Unsatisfiable as error:
        # This imports the solver, which the server does not need at start.
        from .suggestions import suggest

        found_conflict = await conflict(state.pins, lambda pinned: solve(task.new, state.holding, (), pinned))
        if found_conflict is not None:
            raise found_conflict from error
        names = await channels.repodata.names()
        raise hinted(error, await suggest(task.new, state, names, solve)) from error
    held_back: HeldBack | None = None
    if isinstance(request, requests.Install):
        asked = {
            **state.requested,
            **{name: installed_state.narrower(state, name, spec) for name, spec in task.new.items()},
        }
        given = tuple(task.new.values())
    else:
        asked = installed_state.remembered(state, task.new, after)
        given = tuple(installed_state.reached(state, task.new, after))
        if request.packages != requests.ALL:
            held_back = await find_held_back(request.packages, task.new, state, after, solve)
    passed_over = PassedOver(
        state.unreadable(asked), state.outdated(asked, after), state.forgotten(asked), sorted(task.stuck)
    )
    return _CondaPart(after, asked, given, cuda, virtual, held_back, passed_over)


async def _on_index(
    request: requests.Install | requests.Update,
    found: FoundEnvironment,
    task: _Task,
    conda: _CondaPart,
    index: IndexSolver,
) -> FromIndex:
    """Solve the part of a request that comes from the index. Without one, its packages stay as they are."""
    if not task.changed and task.upgrade is not None and conda.after is found.state.records:
        return FromIndex(found.index.distributions, dict(found.index.requirements))
    builds = request.source_builds
    gone, displaced = set(task.left), set[str]()
    if found.index.others and conda.after is not found.state.records:
        before = set(await index.provided(found.state.records, found.prefix))
        after = set(await index.provided(conda.after, found.prefix))
        # What pip wrote over the files of a conda package goes with that package, and a new one takes its place.
        gone |= before - after
        displaced = (after - before) & {package.name for package in found.index.others}
    stay = [package for package in found.index.others if package.name not in gone]
    solved = await index.solve(
        task.requested,
        conda.after,
        replace(found.index, others=stay),
        prefix=found.prefix,
        upgrade=task.upgrade,
        builds=builds,
    )
    return replace(solved, displaced=sorted(displaced))
