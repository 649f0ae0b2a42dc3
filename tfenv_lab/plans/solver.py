"""Read specs and solve them on the channels, as all kinds of requests do."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from ..conda.solving import pins
from ..errors import SolverTimeout, Unsatisfiable
from ..sentences import say
from .channel_choice import chosen

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord
    from ..conda.repodata.repodata import Repodata
    from .import_channels import Permission


class ChannelSolver:
    """A solver of conda specs on the configured channels."""

    def __init__(self, repodata: Repodata, permission: Callable[[], Permission]) -> None:
        """Create a solver. ``permission`` returns the channels that a spec or a file may name now."""
        self.repodata = repodata
        self._permission = permission

    @property
    def permission(self) -> Permission:
        return self._permission()

    def among(self, channels: Sequence[str]) -> ChannelSolver:
        """Return a solver on some of the allowed channels, in this order. Raises ChannelNotAllowed."""
        return ChannelSolver(chosen(channels, self.repodata, self.permission.names), self._permission)

    async def names(self) -> Sequence[str]:
        """Return the names of all packages on the channels. Raises ChannelUnreachable."""
        return await self.repodata.names()

    def spec(self, text: str) -> str:
        """Return a spec in its canonical form. Raises InvalidSpec or ChannelNotAllowed."""
        from ..conda.settings.allowed import AllowedChannels
        from ..conda.settings.condarc import require_permitted, resolve_channels
        from ..conda.solving import specs

        settings = self.repodata.settings
        channel = specs.parts_of(text).channel
        if channel is not None:
            # The error of condarc's own keys comes first: the other one does not name them.
            with contextlib.suppress(ValueError):
                require_permitted(resolve_channels(channel, settings), settings)
        return str(specs.parse(text, AllowedChannels(self.permission.names, settings)))

    async def solve(
        self,
        specs: Iterable[str],
        keep: Sequence[RepoDataRecord] = (),
        constraints: Iterable[str] = (),
        virtual: Sequence[GenericVirtualPackage] = (),
    ) -> list[RepoDataRecord]:
        """Solve specs. ``keep`` are preferred records, and ``constraints`` count only for packages that are needed."""
        from ..conda.solving.solve import solve

        return await solve(self.repodata, specs, keep=keep, constraints=constraints, virtual_packages=virtual)


async def conflict(pinned: Sequence[str], solve: Callable[[Sequence[str]], Awaitable[object]]) -> Unsatisfiable | None:
    """Return the error to raise if a request has a solution only without the pins, or None."""
    if not pinned:
        return None
    try:
        await solve(())
    except (Unsatisfiable, SolverTimeout):
        return None
    return Unsatisfiable(
        say("The request conflicts with pinned packages: {pinned}.", pinned=", ".join(pinned)),
        hint=say(
            "Change or remove the pin, in {file} of the environment or in pinned_packages of condarc.", file=pins.FILE
        ),
    )


def hinted(error: Unsatisfiable, suggestion: object) -> Unsatisfiable:
    """Return the error with the suggestion, if there is one, as its hint."""
    return Unsatisfiable(error.message, error.details, str(suggestion)) if suggestion else error
