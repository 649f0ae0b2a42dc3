"""Why an update leaves a package where it is: a spec that was asked for earlier stands against the newer one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import Unsatisfiable

if TYPE_CHECKING:
    from rattler import RepoDataRecord

    from .change import State
    from .suggestions import Solve


@dataclass(frozen=True)
class HeldBack:
    """``newer`` are versions by package name that could be had, ``by`` the names whose requested specs forbid it."""

    newer: Mapping[str, str]
    by: tuple[str, ...]


async def find(
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
