"""What a rollout needs of a cluster."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from ..nodes.orders import Answer, Order
from .distribution import Shipment
from .models import ClusterNode, Inside


class Departed(Exception):
    """A node that left the cluster before it answered. It may come back with its name, at another address."""


@dataclass(frozen=True)
class Place:
    """The directory with the pieces on a node, or the reason why the node does not have all that it needs."""

    folder: str = ""
    problem: str | None = None


class Engine(Protocol):
    """A connection to a cluster."""

    @property
    def cluster(self) -> str:
        """The address of the cluster, for messages."""

    async def nodes(self) -> Sequence[ClusterNode]:
        """Return the nodes that are in the cluster now. Raises ClusterUnreachable."""

    async def call(self, node: ClusterNode, order: Order, tell: Callable[[str], None] | None = None) -> Answer:
        """Let a node carry out an order in a process of its own. Raises Departed or ClusterUnreachable.

        If the call is cancelled, the process ends. ``tell`` hears the lines of its output; then the process also ends
        if this one dies.
        """

    async def free_address(self, node: ClusterNode) -> str:
        """Return a host and a port of a node on which a process can listen. Raises Departed or ClusterUnreachable."""

    async def versions(self) -> dict[str, str]:
        """Return the versions of ``python`` and ``distributed`` that the scheduler runs."""

    async def inside(self, node: ClusterNode) -> Inside:
        """Return what a node runs. Raises Departed or ClusterUnreachable."""

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Let no other rollout start workers of the cluster again meanwhile.

        Raises ClusterBusy if another one does so now, or ClusterUnreachable.
        """

    def distributed(self, distribution: Shipment) -> AbstractAsyncContextManager[Mapping[str, Place]]:
        """Let the nodes fetch the pieces of a stream once, and send them to each other. Yield a place by address.

        At the end, nothing of them stays on the nodes. Raises ClusterUnreachable.
        """

    async def drain(self, node: ClusterNode) -> str | None:
        """Move the data of a node to others, and wait for its tasks. Return the reason if that is impossible.

        Raises Departed or ClusterUnreachable.
        """

    async def resume(self, node: ClusterNode) -> None:
        """Let a drained node take tasks again, if it still is in the cluster."""

    async def enter(self, node: ClusterNode, name: str) -> str | None:
        """Let a node start again from the environment with this name, or from its own Python if the name is empty.

        Return the reason if it does not. Otherwise it leaves the cluster, and comes back with its name. Raises Departed
        or ClusterUnreachable.
        """
