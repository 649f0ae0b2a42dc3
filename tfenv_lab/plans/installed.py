"""Read the environment that a plan request changes or copies."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..conda.solving import pins
from ..errors import NotFound
from ..sentences import say
from .index_state import IndexState
from .installed_state import State

if TYPE_CHECKING:
    from ..environments.models import Environment
    from ..environments.service import EnvironmentService


@dataclass(frozen=True)
class FoundEnvironment:
    """An environment to change or copy, with its contents and the fingerprint that they were read under."""

    environment: Environment
    state: State
    fingerprint: str
    index: IndexState

    @property
    def prefix(self) -> Path:
        return Path(self.environment.prefix)

    def require_installed(self, names: Iterable[str]) -> None:
        """Raise NotFound for the first name that is neither a conda package nor a project here."""
        for name in sorted(names):
            if name not in self.state.names and self.index.project(name) not in self.index.names:
                raise NotFound(say("“{name}” is not installed in this environment.", name=name))


class InstalledReader:
    """A reader of environments that keeps the last one, because users often review several plans of one."""

    def __init__(self, environments: EnvironmentService) -> None:
        self._environments = environments
        self._last: FoundEnvironment | None = None

    async def read(self, environment_id: str, pinned: Sequence[str], *, copied: bool = False) -> FoundEnvironment:
        """Read an environment. ``pinned`` are the specs that the configuration pins.

        Raises NotFound, or Protected unless the environment may be changed or is only ``copied``.
        """
        environment = await self._environments.readable(environment_id)
        if not copied:
            environment.require_changeable()
        self._last = await asyncio.to_thread(_read, environment, pinned, self._last)
        return self._last


def _read(environment: Environment, pinned: Sequence[str], last: FoundEnvironment | None) -> FoundEnvironment:
    from ..conda.prefix import state as prefixes
    from ..conda.prefix.records import available

    path = Path(environment.prefix)
    # Take the fingerprint first, so that a change during the read makes the plan stale, never wrong.
    mark = prefixes.fingerprint(path)
    if last is not None and (last.prefix, last.fingerprint) == (path, mark):
        return replace(last, environment=environment)
    state = State(available(path), prefixes.requested_specs(path), pins.pins(pinned, path))
    return FoundEnvironment(environment, state, mark, _index_state(path))


def _index_state(path: Path) -> IndexState:
    from ..conda.prefix import wheels
    from ..conda.prefix.pypi import pypi_packages

    managed = wheels.read(path)
    installed = {package.name: package for package in pypi_packages(path)}
    ours = {each.name for each in managed.distributions}
    others = [package for name, package in installed.items() if name not in ours]
    return IndexState(managed.requirements, managed.distributions, others, installed, wheels.left_to_others(path))
