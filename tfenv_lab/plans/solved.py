"""Solved requests, before they become plans."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..conda.prefix.records import by_name
from ..errors import SolverTimeout, Unsatisfiable
from ..pypi.models import Distribution

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord
    from ..conda.prefix.files import Damage
    from ..conda.prefix.overlays import Base
    from ..conda.settings.channels import ChannelRef
    from ..conda.transaction.change import Origin
    from ..environments.models import Environment
    from ..models import Advice
    from ..plan_requests import ChangeRequest
    from .installed import FoundEnvironment
    from .installed_state import State
    from .suggestions import Solve


@dataclass(frozen=True)
class Solved:
    """A solved request: the records before and after, and everything else that its plan needs.

    ``before`` are the records that the change starts from (for a copy, those of the original), and ``asked_before``
    names the packages that were requested until now. ``specs`` are the specs of this request, as on conda's command
    line. ``cuda`` is the CUDA version that the solve assumed. ``origin``, ``source`` and ``fingerprint`` are those of
    the resulting change. ``notes`` are warnings about parts of the request that cannot be honored. ``channels`` are
    the channels of the solve, if they are not the configured ones. ``variables`` are those that the environment sets.
    ``default_packages`` names the packages that condarc adds, and ``skipped_packages`` the specs there that are not
    supported.

    ``distributions`` are the packages from an index, and ``requirements`` what the user requested of it, by project;
    the same with ``_before`` for the start. ``others_removed`` are projects that pip or uv installed and that the
    change removes or replaces. ``from_index`` has the requested specs, by project, of packages that are from the index
    although the request does not say so; an empty text if a channel has the package, too.
    ``relinked`` are conda packages, and ``reinstalled`` projects, whose damaged files the change restores; ``damages``
    is what is known about them. ``unrepaired`` are sentences about damage that stays.
    ``crossing`` names the packages that move between the sources, and ``builds`` those that are built from source.
    ``over`` is the base of an overlay, whose conda packages are not among the records.
    ``withdrawn`` has the packages that their authors withdrew from the index, with the reasons.
    """

    request: ChangeRequest
    name: str
    prefix: Path
    before: Sequence[RepoDataRecord]
    after: Sequence[RepoDataRecord]
    requested: dict[str, str]
    asked_before: Collection[str] = ()
    specs: tuple[str, ...] = ()
    origin: Origin = "new"
    source: Path | None = None
    fingerprint: str | None = None
    environment: Environment | None = None
    cuda: str | None = None
    virtual: Sequence[GenericVirtualPackage] = field(default=(), repr=False)
    notes: tuple[Advice, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    channels: tuple[ChannelRef, ...] = ()
    held_back: HeldBack | None = None
    default_packages: tuple[str, ...] = ()
    skipped_packages: tuple[str, ...] = ()
    passed_over: PassedOver | None = None
    distributions_before: Sequence[Distribution] = ()
    distributions: Sequence[Distribution] = ()
    requirements: Mapping[str, str] = field(default_factory=dict)
    requirements_before: Mapping[str, str] = field(default_factory=dict)
    others_removed: tuple[str, ...] = ()
    from_index: Mapping[str, str] = field(default_factory=dict)
    crossing: tuple[str, ...] = ()
    builds: tuple[str, ...] = ()
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    relinked: tuple[str, ...] = ()
    reinstalled: tuple[str, ...] = ()
    damages: tuple[Damage, ...] = ()
    unrepaired: tuple[str, ...] = ()
    over: Base | None = None


def in_place(
    found: FoundEnvironment,
    request: ChangeRequest,
    after: Sequence[RepoDataRecord],
    requested: dict[str, str],
    specs: tuple[str, ...] = (),
) -> Solved:
    """Return a change of an environment in place to the records ``after``. What comes from an index stays."""
    return Solved(
        request,
        found.environment.name,
        found.prefix,
        found.state.records,
        after,
        requested,
        {**found.state.requested, **found.index.requirements},
        specs,
        origin="in_place",
        fingerprint=found.fingerprint,
        environment=found.environment,
        distributions_before=found.index.distributions,
        distributions=found.index.distributions,
        requirements=found.index.requirements,
        requirements_before=found.index.requirements,
    )


@dataclass(frozen=True)
class HeldBack:
    """Newer versions that requested specs hold back.

    ``newer`` has the versions by package name; ``by`` names the packages whose requested specs exclude them.
    """

    newer: Mapping[str, str]
    by: tuple[str, ...]


@dataclass(frozen=True)
class PassedOver:
    """Requested specs that did not count in a solve, by package name, and packages that an update could not move.

    ``unreadable`` cannot be read, and ``outdated`` are not met by the installed packages. ``forgotten`` did not count
    either, and the change replaces them. No channel has the packages named in ``stuck``.
    """

    unreadable: Mapping[str, str]
    outdated: Mapping[str, str]
    forgotten: Collection[str]
    stuck: Collection[str]


async def find_held_back(
    names: Collection[str], new: Mapping[str, str], state: State, after: Sequence[RepoDataRecord], solve: Solve
) -> HeldBack | None:
    """Return what holds back the packages of ``names`` that ``after`` leaves unchanged, or None.

    Solves the request again with a newer version, and without the versions of the requested specs.
    """
    specs = [name for name, spec in state.holding.items() if " " in spec and name not in new and name != "python"]
    newer: dict[str, str] = {}
    by: dict[str, None] = {}
    for record in after if specs else ():
        name = record.name.normalized
        if name not in names or record != state[name]:
            continue
        build = new[name].split(" ")[2:]
        ahead = {**new, name: " ".join([name, f">{record.version}", *build])}
        try:
            free = await solve(ahead, {each: each for each in state.holding}, ())
        except (Unsatisfiable, SolverTimeout):
            continue
        then = by_name(free)
        moved = [each for each in specs if each not in then or then[each] != state[each]]
        if moved:
            newer[name] = str(then[name].version)
            by.update(dict.fromkeys(moved))
    return HeldBack(newer, tuple(by)) if newer else None
