"""Solve specs against the channels, preferring what is installed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import rattler
from rattler import ChannelPriority, GenericVirtualPackage, MatchSpec, RepoDataRecord
from rattler.exceptions import GatewayError, SolverError

from ...errors import SolverTimeout, Unsatisfiable
from ...sentences import say
from .explanation import summarized
from .specs import name_of

if TYPE_CHECKING:
    from ..repodata.repodata import Repodata

#: Time after which rattler cancels a solve.
TIMEOUT = timedelta(seconds=60)
#: Message of rattler's error after ``timeout`` (py-rattler 0.28; the error has no class of its own).
_CANCELLED = "Solve operation has been cancelled"


async def solve(
    repodata: Repodata,
    specs: Iterable[str],
    *,
    keep: Sequence[RepoDataRecord] = (),
    constraints: Iterable[str] = (),
    virtual_packages: Sequence[GenericVirtualPackage] = (),
) -> list[RepoDataRecord]:
    """Return the records that satisfy ``specs``.

    The solver prefers the records in ``keep``, usually the installed ones, to newer ones. ``constraints`` are specs
    that a package must satisfy if it is part of the solution; they do not request it. Raises Unsatisfiable with the
    solver's explanation, SolverTimeout if the solve takes longer than TIMEOUT, and ChannelUnreachable.
    """
    await repodata.refresh()
    wanted = list(specs)
    priority = ChannelPriority.Disabled if repodata.settings.channel_priority == "disabled" else ChannelPriority.Strict
    if repodata.settings.channel_priority == "strict" and len(repodata.channels) > 1:
        # For a requested spec, rattler considers only the matching records. It thus skips a channel without a matching
        # one, as conda does with flexible priority. Requesting the bare name too prevents that.
        wanted += {name_of(spec): None for spec in wanted}
    try:
        solving = rattler.solve(
            repodata.channels,
            [MatchSpec(spec, strict=False) for spec in wanted],
            gateway=repodata.gateway,
            platforms=repodata.subdirs,
            locked_packages=list(keep),
            virtual_packages=list(virtual_packages),
            channel_priority=priority,
            constraints=[MatchSpec(spec, strict=False) for spec in constraints],
            timeout=TIMEOUT,
        )
        records = await repodata.answer(solving, TIMEOUT.total_seconds())
    except SolverError as error:
        if _CANCELLED in str(error):
            message = say(
                "The solver did not find a solution within {seconds} seconds.", seconds=f"{TIMEOUT.total_seconds():.0f}"
            )
            raise SolverTimeout(message, str(error)) from error
        raise Unsatisfiable(
            say("No combination of packages satisfies this request."), summarized(str(error))
        ) from error
    except GatewayError as error:
        raise repodata.unreachable(error) from error
    return list(records)
