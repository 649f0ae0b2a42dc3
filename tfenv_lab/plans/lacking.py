"""Find and solve what the packages of an environment need and lack, because other programs removed or replaced it."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from ..conda.prefix import projects
from ..conda.prefix.records import by_name, dependency
from ..pypi import requirements
from . import index_state, installed_state

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord
    from .index_state import IndexState
    from .installed_state import State
    from .solver import ChannelSolver


def of_conda(records: Iterable[RepoDataRecord], provided: Collection[str]) -> list[str]:
    """Return the names of what conda's packages need and no installed package meets, sorted.

    ``provided`` are the projects that pip or uv installed. A package that they provide is not missing.
    """
    installed = by_name(records)
    found = set()
    for record in installed.values():
        for text in record.depends:
            # Virtual packages describe the machine. Conditions and extras are for solvers.
            if text.startswith("__") or ";" in text or "[" in text:
                continue
            name = dependency(text)
            there = installed.get(name)
            if there is None:
                if projects.named(name) not in provided:
                    found.add(name)
            elif not _meets(str(there.version), text):
                found.add(name)
    return sorted(found)


def _meets(version: str, text: str) -> bool:
    from ..conda.solving import specs

    try:
        return specs.meets(version, text)
    except Exception:  # rattler has several types of errors for what other programs wrote
        return True


async def completed(state: State, channels: ChannelSolver) -> list[RepoDataRecord]:
    """Return the records of an environment with what they lack. Raises Unsatisfiable or ChannelUnreachable."""
    from ..conda.machine import virtual_packages

    overrides = virtual_packages.overrides(channels.repodata.settings)
    _, virtual = await asyncio.to_thread(installed_state.virtual, state, overrides)
    roots = {**installed_state.leaves(state), **state.holding}
    held = [*state.pins, *installed_state.python_pin(state), *installed_state.tensorflow_pin(state, ())]
    return await channels.solve(roots.values(), state.records, held, virtual)


def of_index(state: IndexState, conda: Mapping[str, str], python: str) -> dict[str, str]:
    """Return the requirements of the installed projects that nothing installed meets, by project.

    ``conda`` are the versions of the projects that conda provides. What they need is a matter of ``of_conda``.
    """
    missing = {name for name, text in _needs(state, python) if not _is_met(text, {**state.versions, **conda}.get(name))}
    wanted = [text for name, text in _needs(state, python) if name in missing and name not in conda]
    return requirements.by_name(wanted)


def _needs(state: IndexState, python: str) -> Iterator[tuple[str, str]]:
    environment = requirements.markers(python)
    parts = index_state.parts(state, state.versions)
    for name, extra in sorted(index_state.reached(parts, index_state.needs_of(state, python))):
        for need in requirements.needs(state.requires(name), environment, [extra] if extra else []):
            need.marker = None
            yield requirements.normalize(need.name), str(need)


def _is_met(text: str, version: str | None) -> bool:
    return version is not None and requirements.satisfied(text, version)
