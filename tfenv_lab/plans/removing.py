"""Remove packages from what is installed, with what needs them and what only they need. This needs no solve."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ..conda.prefix.records import dependency, names_of
from ..errors import InvalidRequest
from ..plan_requests import Remove
from ..pypi import requirements as texts
from ..sentences import say, some
from . import index_state, installed_state
from .index_state import IndexState
from .installed_state import State
from .solved import Solved, in_place

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..pypi.models import Distribution
    from .index_solver import IndexSolver
    from .installed import FoundEnvironment


@dataclass(frozen=True)
class Rest:
    """What remains of an environment. ``names`` are the conda packages that the request named."""

    found: FoundEnvironment
    names: tuple[str, ...] = ()
    others_removed: tuple[str, ...] = ()


async def remove(request: Remove, found: FoundEnvironment, solver: IndexSolver) -> Solved:
    """Solve a request to remove packages. Raises NotFound if one is not installed."""
    rest = await without(found, request.packages, solver)
    state, index = rest.found.state, rest.found.index
    return replace(
        in_place(found, request, state.records, dict(state.requested), rest.names),
        distributions_before=found.index.with_others(rest.others_removed),
        distributions=index.distributions,
        requirements=index.requirements,
        others_removed=rest.others_removed,
    )


async def without(found: FoundEnvironment, packages: Collection[str], solver: IndexSolver) -> Rest:
    """Return what remains of an environment after removing packages of both sources. Raises NotFound."""
    if not packages:
        return Rest(found)
    state, index = found.state, found.index
    found.require_installed(packages)
    projects = {index.project(name) for name in packages if name not in state.names}
    python = str(record.version) if (record := state["python"]) else ""
    names = tuple(name for name in packages if name in state.names)
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
    requested = {name: spec for name, spec in state.requested.items() if name in remaining}
    kept = {each.name for each in left}
    gone = projects | {each.name for each in index.distributions if each.name not in kept}
    rest = IndexState(
        {name: text for name, text in index.requirements.items() if name in kept},
        left,
        [package for package in index.others if package.name not in gone],
        {name: package for name, package in index.dist_infos.items() if name not in gone},
        {name: text for name, text in index.former.items() if name not in gone},
    )
    others = tuple(sorted(projects.intersection(package.name for package in index.others)))
    spare = [record for record in state.records if record.name.normalized not in remaining.union(names)]
    return Rest(replace(found, state=State(after, requested, state.pins, spare), index=rest), names, others)


def require_absent(
    packages: Collection[str], records: Sequence[RepoDataRecord], distributions: Sequence[Distribution]
) -> None:
    """Raise InvalidRequest if a package that a request removes comes back with those that the request installs."""
    projects = {each.name for each in distributions}
    names = names_of(records)
    for package in packages:
        if package in names or texts.normalize(package) in projects:
            needing = sorted(
                record.name.normalized
                for record in records
                if any(dependency(text) == package for text in record.depends)
            )
            reason = (
                say(" {needing} would need it.", needing=some(needing, 3))
                if needing
                else say(" The same request installs it.")
            )
            raise InvalidRequest(
                say("“{package}” cannot be removed.{reason}", package=package, reason=reason),
                hint=say("Install or remove it in a plan of its own."),
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
