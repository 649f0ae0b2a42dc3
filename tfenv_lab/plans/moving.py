"""Solve installs and updates: conda's part first, then what comes from a package index."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .. import plan_requests as requests
from ..errors import IndexUnreachable, Unsatisfiable
from . import index_state, installed_state, removing, sources
from .division import Division, as_installed, of_install, of_update
from .index_solver import FromIndex, IndexSolver
from .installed import FoundEnvironment
from .repair import damages
from .solved import HeldBack, PassedOver, Solved, find_held_back
from .solver import ChannelSolver, conflict, hinted

if TYPE_CHECKING:
    from pathlib import Path

    from ..conda.engine import GenericVirtualPackage, RepoDataRecord


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
        solved, conda, division = await _install(request, rest.found, channels, index)
        removing.require_absent(request.remove, conda.after, solved.distributions)
    else:
        division = await of_update(request, found, channels)
        conda = await _on_channels(request, found, division, channels)
        solved = await _on_index(request, found, division, conda, index)
        before = {**found.index.former, **found.index.requirements}
        remembered = index_state.remembered(before, solved.requirements, solved.distributions)
        solved = replace(solved, requirements=remembered)
    installed = {each.name for each in found.index.distributions}
    others = {package.name for package in found.index.others}
    replaced = others.intersection(
        {*rest.others_removed, *division.left, *(each.name for each in solved.distributions)}
    )
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
        from_index=division.moved,
        crossing=tuple(sorted({*division.replaced, *solved.taken_over})),
        builds=tuple(each.name for each in solved.distributions if not each.is_wheel and each.name not in installed),
        withdrawn=solved.withdrawn,
        damages=await damages(found.prefix) if prefix else (),
    )


async def _install(
    request: requests.Install, found: FoundEnvironment, channels: ChannelSolver, index: IndexSolver
) -> tuple[FromIndex, _CondaPart, Division]:
    offered = await channels.names() if sources.specs_of(request.specs, channels.spec) else ()
    named = [as_installed(text, found, channels) for text in request.specs]
    split = sources.split(named, channels.spec, offered, {each.name for each in found.index.distributions})
    division = of_install(split, found, split.moved)
    try:
        conda = await _on_channels(request, found, division, channels)
    except Unsatisfiable:
        again = sources.all_from_index(split)
        if again is None or not found.index.distributions:
            raise
        division = of_install(again, found, again.moved)
        conda = await _on_channels(request, found, division, channels)
    else:
        doubled = await _doubled(found, conda, split, index)
        again = sources.all_from_index(split) if doubled else None
        if again is not None:
            # The channel's packages would replace what is already installed from the index.
            division = of_install(again, found, again.moved)
            conda = await _on_channels(request, found, division, channels)
    try:
        return await _on_index(request, found, division, conda, index), conda, division
    except (Unsatisfiable, IndexUnreachable) as error:
        if not split.moved:
            raise
        # Neither source has the package: the solver's own answer knows similar names.
        specs = sources.Split([*split.specs, *split.moved.values()], {}, {}, split.fixed)
        await _on_channels(request, found, of_install(specs, found, {}), channels)
        raise error


async def _doubled(found: FoundEnvironment, conda: _CondaPart, split: sources.Split, index: IndexSolver) -> set[str]:
    """Return the projects from the index that new conda packages would replace although the request names them not."""
    if not found.index.distributions:
        return set()
    before = {record.name.normalized for record in found.state.records}
    new = [record for record in conda.after if record.name.normalized not in before]
    provided = await index.provided(new)
    ours = {each.name for each in found.index.distributions}
    return ours.intersection(provided) - split.fixed


async def _on_channels(
    request: requests.Install | requests.Update, found: FoundEnvironment, division: Division, channels: ChannelSolver
) -> _CondaPart:
    """Solve conda's part of a request. Where it has none, the packages stay as they are."""
    from ..conda.machine import virtual_packages

    state = found.state
    if division.replaced:
        needed = set(state.requested) - set(division.replaced)
        left = installed_state.without(state, division.replaced, needed)
        state = installed_state.State(left, {n: s for n, s in state.requested.items() if n in needed}, state.pins)
    if not division.new and not division.freed:
        return _CondaPart(state.records, dict(state.requested), ())
    overrides = virtual_packages.overrides(channels.repodata.settings)
    cuda, virtual = await asyncio.to_thread(installed_state.virtual, state, overrides)

    async def solve(
        new: Mapping[str, str],
        requested: Mapping[str, str],
        also: Collection[str] = (),
        pinned: Sequence[str] = state.pins,
    ) -> list[RepoDataRecord]:
        moving = {*division.freed, *also}
        keep = [record for record in (*state.records, *state.spare) if record.name.normalized not in moving]
        constraints = [*pinned, *division.held, *([] if "python" in new else installed_state.python_pin(state))]
        roots = {**installed_state.leaves(state), **requested, **new}
        return await channels.solve(roots.values(), keep, constraints, virtual)

    try:
        after = await solve(division.new, state.holding)
    except Unsatisfiable as error:
        # This imports the solver, which the server does not need at start.
        from .suggestions import suggest

        found_conflict = await conflict(state.pins, lambda pinned: solve(division.new, state.holding, (), pinned))
        if found_conflict is not None:
            raise found_conflict from error
        names = await channels.repodata.names()
        raise hinted(error, await suggest(division.new, state, names, solve)) from error
    held_back: HeldBack | None = None
    if isinstance(request, requests.Install):
        asked = {
            **state.requested,
            **{name: installed_state.narrower(state, name, spec) for name, spec in division.new.items()},
        }
        given = tuple(division.new.values())
    else:
        asked = installed_state.remembered(state, division.new, after)
        given = tuple(installed_state.reached(state, division.new, after))
        if request.packages != requests.ALL:
            held_back = await find_held_back(request.packages, division.new, state, after, solve)
    passed_over = PassedOver(
        state.unreadable(asked), state.outdated(asked, after), state.forgotten(asked), sorted(division.stuck)
    )
    return _CondaPart(after, asked, given, cuda, virtual, held_back, passed_over)


async def _on_index(
    request: requests.Install | requests.Update,
    found: FoundEnvironment,
    division: Division,
    conda: _CondaPart,
    index: IndexSolver,
) -> FromIndex:
    """Solve the part of a request that comes from the index. Without one, its packages stay as they are."""
    if not division.changed and division.upgrade is not None and conda.after is found.state.records:
        return FromIndex(found.index.distributions, dict(found.index.requirements))
    builds = request.source_builds
    gone, displaced = set(division.left), set[str]()
    if found.index.others and conda.after is not found.state.records:
        before = set(await index.provided(found.state.records, found.prefix))
        after = set(await index.provided(conda.after, found.prefix))
        # What pip wrote over the files of a conda package goes with that package, and a new one takes its place.
        gone |= before - after
        displaced = (after - before) & {package.name for package in found.index.others}
    stay = [package for package in found.index.others if package.name not in gone]
    solved = await index.solve(
        division.requested,
        conda.after,
        replace(found.index, others=stay),
        prefix=found.prefix,
        upgrade=division.upgrade,
        builds=builds,
    )
    return replace(solved, displaced=sorted(displaced))
