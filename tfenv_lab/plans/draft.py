"""A solved request, before it is told as a plan."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from . import requests
from .held_back import HeldBack

if TYPE_CHECKING:
    from rattler import GenericVirtualPackage, RepoDataRecord

    from ..conda.change import Origin
    from ..conda.condarc import ChannelRef
    from ..environments.models import Environment


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
