"""Specs and what is installed, in; the records of the new environment, out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import rattler
from rattler import ChannelPriority, GenericVirtualPackage, MatchSpec, RepoDataRecord
from rattler.exceptions import GatewayError, SolverError

from ...errors import Unsatisfiable
from .specs import name_of

if TYPE_CHECKING:
    from ..repodata.repodata import Repodata

#: A solve that takes longer than this is reported as unsatisfiable rather than left to spin.
TIMEOUT = timedelta(seconds=60)


def _explanation(error: Exception) -> str:
    """Return the solver's own words, without its lead-in."""
    text = str(error).strip()
    lead = "Cannot solve the request because of:"
    return text[len(lead) :].strip() if text.startswith(lead) else text


async def solve(
    repodata: Repodata,
    specs: Iterable[str],
    *,
    keep: Sequence[RepoDataRecord] = (),
    constraints: Iterable[str] = (),
    virtual_packages: Sequence[GenericVirtualPackage] = (),
) -> list[RepoDataRecord]:
    """Return the records that satisfy ``specs``.

    ``keep`` are records the solver prefers over newer ones (what is installed and need not move);
    ``constraints`` are specs a package must meet if it comes in, without asking for it.
    Raises Unsatisfiable with the solver's explanation, ChannelUnreachable where repodata cannot be had.
    """
    await repodata.refresh()
    wanted = list(specs)
    priority = ChannelPriority.Disabled if repodata.settings.channel_priority == "disabled" else ChannelPriority.Strict
    if repodata.settings.channel_priority == "strict" and len(repodata.channels) > 1:
        # Of what is asked for by name only records that match are looked at, and so a channel that has others alone
        # is passed over, as conda does where the priority is flexible. Asked for by the bare name, too, it is not.
        wanted += {name_of(spec): None for spec in wanted}
    try:
        records = await rattler.solve(
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
    except SolverError as error:
        raise Unsatisfiable("No combination of packages satisfies this request.", _explanation(error)) from error
    except GatewayError as error:
        raise repodata.unreachable(error) from error
    return list(records)
