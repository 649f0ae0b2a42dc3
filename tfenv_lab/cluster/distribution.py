"""Cut the archives that the nodes of a rollout lack into pieces, which the nodes fetch once and send to each other."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..nodes.lockfile import LockFile
from ..nodes.sharing import RANGE, Archive, Part
from .models import ClusterNode, Planned

#: With fewer nodes, each of them downloads its own packages.
FEWEST = 3


@dataclass(frozen=True)
class Shipment:
    """What nodes lack: the archives and the pieces of their stream by node."""

    archives: Mapping[ClusterNode, tuple[Archive, ...]]
    pieces: Sequence[tuple[Part, ...]]
    needs: Mapping[ClusterNode, frozenset[int]]

    @property
    def total(self) -> int:
        """The number of bytes of all pieces."""
        return sum(part.size for parts in self.pieces for part in parts)


async def distribution(lock: LockFile, nodes: Sequence[Planned], fewest: int = FEWEST) -> Shipment | None:
    """Return what to distribute, or None if each node should download its own packages.

    Packages of an index, and those whose channel is a directory or whose size is unknown, are not distributed.
    """
    lacking = {each.node: frozenset(each.plan.lacks) for each in nodes if each.plan.lacks}
    if len(lacking) < max(2, fewest):
        return None
    return await asyncio.to_thread(_distribution, lock, lacking)


def _distribution(lock: LockFile, lacking: Mapping[ClusterNode, frozenset[str]]) -> Shipment | None:
    archives = _stream(lock, frozenset[str]().union(*lacking.values()))
    if not archives:
        return None
    pieces = _cut(list(archives.values()))
    theirs = {node: tuple(each for name, each in archives.items() if name in names) for node, names in lacking.items()}
    return Shipment(theirs, pieces, {node: frozenset(_numbers(found)) for node, found in theirs.items()})


def _numbers(archives: Sequence[Archive]) -> set[int]:
    """Return the numbers of the pieces that have bytes of these archives."""
    return {
        number
        for each in archives
        for number in range(each.position // RANGE, (each.position + each.size - 1) // RANGE + 1)
    }


def _stream(lock: LockFile, names: frozenset[str]) -> dict[str, Archive]:
    """Return the archives of these packages, by name, one after another."""
    from ..conda.prefix import lock as locks

    found, position = {}, 0
    records = [record for each in locks.loads(lock.content).values() for record in each]
    for record in sorted(records, key=lambda record: record.url):
        name = record.name.normalized
        is_on_server = record.url.startswith(("http://", "https://"))
        if name in names and is_on_server and record.sha256 and record.size:
            found[name] = Archive(record.url, record.sha256.hex(), record.size, position)
            position += record.size
    return found


def _cut(archives: Sequence[Archive]) -> list[tuple[Part, ...]]:
    pieces: dict[int, list[Part]] = {}
    for each in archives:
        start = 0
        while start < each.size:
            at = each.position + start
            size = min(each.size - start, RANGE - at % RANGE)
            pieces.setdefault(at // RANGE, []).append(Part(each.url, start, size, each.size))
            start += size
    return [tuple(pieces[number]) for number in sorted(pieces)]
