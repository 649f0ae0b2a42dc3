"""Solve removals: what is removed, what needs it, and what only it needed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from ..conda.prefix.records import names_of
from ..plan_requests import Remove
from ..pypi import requirements as texts
from . import index_state, installed_state
from .index_solver import IndexSolver
from .index_state import IndexState
from .installed import FoundEnvironment
from .installed_state import State
from .solved import Solved, in_place


async def remove(request: Remove, found: FoundEnvironment, solver: IndexSolver) -> Solved:
    """Solve a request to remove packages. Raises NotFound if one is not installed."""
    state, index = found.state, found.index
    found.require_installed(request.packages)
    projects = {index.project(name) for name in request.packages if name not in state.names}
    python = str(record.version) if (record := state["python"]) else ""
    names = [name for name in request.packages if name in state.names]
    after = list(state.records)
    left = list(index.distributions)
    if names:
        provided = await solver.provided(state.records, found.prefix) if left else {}
        after = installed_state.without(state, names, _needed(index, provided, state, projects, python))
        still = await solver.provided(after, found.prefix) if left else {}
        # What needs a project that conda no longer provides goes with it.
        projects |= set(provided) - set(still)
    if projects:
        left = index_state.without(index, projects, python)
    remaining = names_of(after)
    kept = {each.name for each in left}
    requested = {name: spec for name, spec in state.requested.items() if name in remaining}
    return replace(
        in_place(found, request, after, requested, tuple(names)),
        distributions=left,
        requirements={name: text for name, text in index.requirements.items() if name in kept},
        others_removed=tuple(sorted(projects.intersection(package.name for package in index.others))),
    )


def _needed(
    index: IndexState, provided: Mapping[str, str], state: State, gone: Collection[str], python: str
) -> set[str]:
    """Return the conda packages that must not be removed as orphans, because packages from the index need them."""
    needs = index_state.needs_of(index, python)
    left = {each.name for each in index_state.without(index, gone, python)}
    left |= {package.name for package in index.others}.difference(gone)
    parts = index_state.reached(index_state.parts(index, left), needs)
    needed = {name for part in parts for name, _ in needs(part)}
    return {name for name in state.names if texts.normalize(name) in needed & provided.keys()}
