"""What a rollout needs of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..nodes.orders import Answer, Order
from .models import ClusterNode


class Departed(Exception):
    """A node that left the cluster before it answered. It may come back with its name, at another address."""


class Engine(Protocol):
    """A connection to a cluster."""

    @property
    def cluster(self) -> str:
        """The address of the cluster, for messages."""

    async def nodes(self) -> Sequence[ClusterNode]:
        """Return the nodes that are in the cluster now. Raises ClusterUnreachable."""

    async def call(self, node: ClusterNode, order: Order) -> Answer:
        """Let a node carry out an order in a process of its own. Raises Departed or ClusterUnreachable.

        If the call is cancelled, the process ends.
        """
