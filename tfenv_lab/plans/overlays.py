"""Solve requests for overlays: packages from an index around the packages of another environment, which all stay."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from .. import plan_requests as requests
from ..conda.prefix import overlays
from ..conda.prefix.overlays import Base
from ..errors import InvalidRequest, InvalidSpec, NotFound, Unsatisfiable
from ..models import Advice
from ..pypi import requirements as texts
from ..sentences import say, some
from . import index_state, sources
from .index_solver import IndexSolver, combined
from .index_state import IndexState
from .installed import FoundEnvironment
from .repair import damages
from .solved import Solved, in_place

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from ..environments.models import Environment
    from .index_solver import FromIndex

#: Number of packages that a message names.
_SHOWN = 4
#: The requests that change an overlay.
Changing = requests.Install | requests.Update | requests.Remove | requests.Repair


@dataclass(frozen=True)
class _Below:
    """A base with its records, and the versions of its packages that are not conda's, by project."""

    base: Base
    records: list[RepoDataRecord]
    versions: Mapping[str, str]

    @property
    def prefix(self) -> Path:
        return Path(self.base.prefix)


async def create(request: requests.Overlay, environment: str, prefix: Path, index: IndexSolver) -> Solved:
    """Solve a request for an overlay at ``prefix`` over the environment at the path ``environment``.

    Raises InvalidRequest, InvalidSpec, NotFound, Unsatisfiable, ChannelUnreachable.
    """
    below = await asyncio.to_thread(_below, Path(environment))
    requested = _requirements(request.packages, below.base)
    found = await _solve(index, below, requested, IndexState(), builds=request.source_builds)
    solved = Solved(request, request.name, prefix, (), (), {}, over=below.base)
    return _with_packages(solved, found, requested, IndexState())


async def change(request: Changing, found: FoundEnvironment, prefix: Path | None, index: IndexSolver) -> Solved:
    """Solve a change of an overlay, or of a copy of it at ``prefix``. It is then built over its base as that is now.

    Raises what ``create`` raises.
    """
    own = await asyncio.to_thread(overlays.read, found.prefix)
    if own is None:
        raise NotFound(say("“{name}” is no longer built over another environment.", name=found.environment.name))
    if own.is_gone:
        raise NotFound(
            say("{path} no longer exists, over which “{name}” was built.", path=own.path, name=found.environment.name),
            hint=say("Create an environment over another one, and delete this one."),
        )
    below = await asyncio.to_thread(_below, Path(own.path))
    removed = _own(request.remove if isinstance(request, requests.Install) else (), found.index, below.base)
    if isinstance(request, requests.Remove):
        removed = _own(request.packages, found.index, below.base)
    state = _without(found.index, removed, below.base.python) if removed else found.index
    requested, upgrade = dict(state.requirements), set[str]()
    named: Mapping[str, str] = {}
    everything = False
    match request:
        case requests.Install():
            named = _requirements(request.specs, below.base)
            former = {name: text for name, text in state.former.items() if name in named}
            requested = combined({**state.requirements, **former}, named)
            upgrade = named.keys() & state.names
        case requests.Update(packages=requests.ALL):
            requested, everything = index_state.loosened(state, set(state.requirements)), True
        case requests.Update():
            moving = _own(request.packages, state, below.base)
            requested, upgrade = index_state.loosened(state, moving), set(index_state.freed(state, moving))
    start = replace(in_place(found, request, (), {}), over=below.base)
    if isinstance(request, requests.Remove):
        others = tuple(sorted(removed.intersection(package.name for package in found.index.others)))
        return replace(start, distributions=state.distributions, requirements=state.requirements, others_removed=others)
    builds = not isinstance(request, requests.Repair) and request.source_builds
    solved = await _solve(index, below, requested, state, None if everything else upgrade, builds=builds)
    if isinstance(request, requests.Update):
        before = {**state.former, **state.requirements}
        kept = index_state.remembered(before, solved.requirements, solved.distributions)
        solved = replace(solved, requirements=kept)
    changed = _with_packages(start, solved, named, found.index)
    if isinstance(request, requests.Repair):
        broken = {each.name for each in await damages(found.prefix) if each.source == "pypi"}
        ours = {each.name for each in solved.distributions}
        changed = replace(changed, reinstalled=tuple(sorted(broken & ours)))
    into = getattr(request, "into", None)
    if into is None or prefix is None:
        return changed
    return replace(changed, name=into, prefix=prefix, origin="copy", source=found.prefix, fingerprint=None)


def require_whole(environment: Environment) -> None:
    """Raise InvalidRequest for an overlay: only single packages of it can change, not all together with its base's."""
    if environment.over is not None:
        raise InvalidRequest(
            say(
                "“{name}” is built over “{base}”, so only single packages from a package index can be added, updated "
                "and removed.",
                name=environment.name,
                base=environment.over.name,
            ),
            hint=say("Copy “{name}”, and change the copy.", name=environment.over.name),
        )


def _below(path: Path) -> _Below:
    from ..conda.prefix.pypi import pypi_packages
    from ..conda.prefix.records import available

    if overlays.read(path) is not None:
        raise InvalidRequest(
            say("“{name}” is built over another environment.", name=path.name),
            hint=say("Add the packages to it instead."),
        )
    base = overlays.base_at(path)
    prefix = Path(base.prefix)
    return _Below(base, list(available(prefix)), {each.name: each.version for each in pypi_packages(prefix)})


def _requirements(specs: Iterable[str], base: Base) -> dict[str, str]:
    """Return the requirements among specs. Raises InvalidSpec with the names of the conda specs."""
    specs = list(specs)
    of_conda = [text for text in specs if not sources.is_for_index(text)]
    if of_conda:
        raise InvalidSpec(
            say(
                "Only packages from a package index can be added over “{name}”, not conda packages: {packages}.",
                name=base.name,
                packages=some(of_conda, _SHOWN),
            ),
            hint=say(
                "Write “pypi:” before the name to take it from the package index, or copy “{name}” and add the package "
                "to the copy.",
                name=base.name,
            ),
        )
    return texts.by_name(map(texts.parse, specs))


async def _solve(
    index: IndexSolver,
    below: _Below,
    requested: Mapping[str, str],
    state: IndexState,
    upgrade: Collection[str] | None = (),
    *,
    builds: bool = False,
) -> FromIndex:
    try:
        return await index.solve(
            requested,
            below.records,
            state,
            prefix=below.prefix,
            upgrade=upgrade,
            builds=builds,
            fixed=below.versions,
        )
    except Unsatisfiable as error:
        error.hint = say(
            "The packages of “{name}” cannot be replaced in an environment over it. Copy “{name}”, and add the package "
            "to the copy.",
            name=below.base.name,
        )
        raise


def _with_packages(solved: Solved, found: FromIndex, named: Mapping[str, str], before: IndexState) -> Solved:
    there = sorted(name for name in named if name not in {each.name for each in found.distributions})
    notes: tuple[Advice, ...] = ()
    if there and solved.over is not None:
        message = say(
            "“{name}” has these packages already: {packages}.", name=solved.over.name, packages=some(there, _SHOWN)
        )
        notes = (Advice("already-in-base", "info", message),)
    others = {package.name for package in before.others}
    installed = {each.name for each in before.distributions}
    return replace(
        solved,
        distributions=found.distributions,
        requirements=dict(found.requirements),
        others_removed=tuple(sorted(others.intersection(each.name for each in found.distributions))),
        builds=tuple(each.name for each in found.distributions if not each.is_wheel and each.name not in installed),
        withdrawn=found.withdrawn,
        notes=(*solved.notes, *notes),
    )


def _without(state: IndexState, gone: Collection[str], python: str) -> IndexState:
    """Return what remains without projects, with what needs them and what only they need."""
    left = index_state.without(state, gone, python)
    kept = {each.name for each in left}
    lost = {*gone, *(each.name for each in state.distributions if each.name not in kept)}
    return replace(
        state,
        requirements={name: text for name, text in state.requirements.items() if name in kept},
        distributions=left,
        others=[package for package in state.others if package.name not in lost],
        former={name: text for name, text in state.former.items() if name not in lost},
    )


def _own(names: Iterable[str], state: IndexState, base: Base) -> set[str]:
    """Return the projects that a request means. Raises NotFound for one that the overlay itself does not have."""
    projects = {texts.normalize(name) for name in names}
    for project in sorted(projects - state.names):
        raise NotFound(
            say("“{name}” is not among the packages that were added over “{base}”.", name=project, base=base.name),
            hint=say("To change the packages of “{name}”, copy it.", name=base.name),
        )
    return projects
