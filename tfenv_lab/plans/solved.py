"""A solved request, before it is told as a plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Unsatisfiable
from . import requests

if TYPE_CHECKING:
    from ..conda.engine import GenericVirtualPackage, RepoDataRecord
    from ..conda.settings.channels import ChannelRef
    from ..conda.transaction.change import Origin
    from ..environments.models import Environment
    from .change import State
    from .suggestions import Solve


@dataclass(frozen=True)
class Draft:
    """A solved request: the records before and after, and all that a plan tells of them.

    ``before`` are the records that the change begins with (of a copy, its original's), ``asked_before`` names what was
    asked for until now. ``specs`` are what this request itself asked for (conda's command line has the same), ``cuda``
    the CUDA version that the solve pretended to find. ``origin``, ``source`` and ``fingerprint`` are those of the
    change that it becomes. ``notes`` are sentences on what the request asked for and
    will not get. ``pypi`` are requirements for pip, installed after the records. ``channels`` are those that it was
    solved on, where these are not the configured ones.
    """

    request: requests.PlanRequest
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
    notes: tuple[str, ...] = ()
    pypi: tuple[str, ...] = ()
    channels: tuple[ChannelRef, ...] = ()
    held_back: HeldBack | None = None


@dataclass(frozen=True)
class HeldBack:
    """``newer`` are versions by package name that could be had, ``by`` the names whose requested specs forbid it."""

    newer: Mapping[str, str]
    by: tuple[str, ...]


async def find_held_back(
    names: Collection[str], new: Mapping[str, str], state: State, after: Sequence[RepoDataRecord], solve: Solve
) -> HeldBack | None:
    """Return what holds back those of ``names`` that ``after`` leaves as they are: tried, with the specs left out."""
    specs = [name for name, spec in state.requested.items() if " " in spec and name not in new and name != "python"]
    newer: dict[str, str] = {}
    by: dict[str, None] = {}
    for record in after if specs else ():
        name = record.name.normalized
        if name not in names or record != state[name]:
            continue
        build = new[name].split(" ")[2:]
        ahead = {**new, name: " ".join([name, f">{record.version}", *build])}
        try:
            free = await solve(ahead, {each: each for each in state.requested}, ())
        except Unsatisfiable:
            continue
        then = {each.name.normalized: each for each in free}
        moved = [each for each in specs if each not in then or then[each] != state[each]]
        if moved:
            newer[name] = str(then[name].version)
            by.update(dict.fromkeys(moved))
    return HeldBack(newer, tuple(by)) if newer else None
