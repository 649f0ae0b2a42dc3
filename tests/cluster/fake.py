"""A cluster that only answers as a test says."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

from tfenv_lab._version import __version__
from tfenv_lab.cluster.distribution import Shipment
from tfenv_lab.cluster.engine import Departed, Place
from tfenv_lab.cluster.models import ClusterNode, Inside
from tfenv_lab.errors import ClusterBusy
from tfenv_lab.nodes.lockfile import LockFile
from tfenv_lab.nodes.orders import Answer, Order
from tfenv_lab.nodes.planning import NodePlan
from tfenv_lab.nodes.ranks import Rank

LOCK = LockFile("a lock")
READY = Answer(__version__, prefix="/envs/app")
INSTALL = Answer(__version__, plan=NodePlan("install", "/envs/app"))
VERSIONS = {"distributed": "2026.1.0", "python": "3.11.7"}


class Fake:
    """A cluster whose nodes answer orders with the functions in ``install``, and with ``plans``."""

    cluster = "fake://"

    def __init__(self, *names: str) -> None:
        self.members = {name: ClusterNode(name, f"{name}:1") for name in names}
        self.install: dict[str, Callable[[ClusterNode], Awaitable[Answer]]] = {}
        self.plans: dict[str, Answer] = {}
        self.probes: dict[str, Answer] = {}
        self.runs: dict[str, Inside] = {name: Inside("/python", "", "first") for name in names}
        self.entering: dict[str, Callable[[ClusterNode, str], Awaitable[str | None]]] = {}
        self.draining: dict[str, Callable[[ClusterNode], Awaitable[str | None]]] = {}
        self.ranks: dict[str, Callable[[Rank, Callable[[str], None]], Awaitable[Answer]]] = {}
        self.checks: dict[str, Callable[[ClusterNode], Awaitable[Answer]]] = {}
        self.resumed: list[str] = []
        self.distributions: list[Shipment] = []
        self.places: dict[str, Place] = {}
        self.installs: dict[str, Order] = {}
        self.pruned: dict[str, tuple[str, ...]] = {}
        #: What a node says of deleted versions.
        self.deleted: str | None = None
        self.orders: list[tuple[str, str]] = []
        #: Whether a rollout lets nodes enter now.
        self.busy = False

    async def nodes(self) -> Sequence[ClusterNode]:
        return sorted(self.members.values(), key=lambda node: node.name)

    async def call(self, node: ClusterNode, order: Order, tell: Callable[[str], None] | None = None) -> Answer:
        if order.verb == "prune":
            self.pruned[node.name] = order.kept
            return Answer(__version__, note=self.deleted)
        self.orders.append((order.verb, node.address))
        if order.rank is not None and tell is not None:
            return await self.ranks[node.name](order.rank, tell)
        if order.verb == "probe":
            return self.probes.get(node.name, Answer(__version__, versions=VERSIONS))
        if order.verb == "check":
            return await self.checks[node.name](node)
        if order.verb == "plan":
            return self.plans.get(node.name, INSTALL)
        self.installs[node.name] = order
        return await self.install[node.name](node) if node.name in self.install else READY

    async def free_address(self, node: ClusterNode) -> str:
        if self.members.get(node.name) != node:
            raise Departed("gone")
        return f"{node.name}:{1000 + list(self.members).index(node.name)}"

    def move(self, name: str, address: str | None) -> None:
        """Let a node come back at another address, or stay away."""
        del self.members[name]
        if address is not None:
            self.members[name] = ClusterNode(name, address)

    async def versions(self) -> dict[str, str]:
        return VERSIONS

    async def inside(self, node: ClusterNode) -> Inside:
        if self.members.get(node.name) != node:
            raise Departed("gone")
        return self.runs.get(node.name, Inside("/python", "", "first"))

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        if self.busy:
            raise ClusterBusy("busy")
        self.busy = True
        try:
            yield
        finally:
            self.busy = False

    @contextlib.asynccontextmanager
    async def distributed(self, distribution: Shipment) -> AsyncIterator[Mapping[str, Place]]:
        self.distributions.append(distribution)
        places = {node.address: self.places.get(node.name, Place(f"/{node.name}")) for node in distribution.needs}
        try:
            yield places
        finally:
            self.orders.append(("clear", ""))

    async def drain(self, node: ClusterNode) -> str | None:
        self.orders.append(("drain", node.address))
        return await self.draining[node.name](node) if node.name in self.draining else None

    async def resume(self, node: ClusterNode) -> None:
        self.resumed.append(node.name)

    async def enter(self, node: ClusterNode, name: str) -> str | None:
        self.orders.append(("enter", node.address))
        if node.name in self.entering:
            return await self.entering[node.name](node, name)
        self.restart(node, name)
        return None

    def restart(self, node: ClusterNode, name: str) -> None:
        """Let a node come back with an environment, or with its own Python if the name is empty."""
        before = self.runs[node.name]
        previous = None if not name else before.name
        self.move(node.name, f"{node.address}+")
        self.runs[node.name] = Inside(f"/envs/{name}", name, before.process + "+", previous)
