"""Nodes of a cluster, their parts of a plan, and what a rollout made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ..errors import ErrorJson
from ..nodes.planning import NodePlan

State = Literal["waiting", "installing", "ready", "failed", "lost", "skipped"]


@dataclass(frozen=True)
class ClusterNode:
    """A worker of a cluster. The name stays if the worker restarts; the address changes."""

    name: str
    address: str


@dataclass(frozen=True)
class Planned:
    """The plan of one node."""

    node: ClusterNode
    plan: NodePlan


@dataclass(frozen=True)
class RolloutPlan:
    """The plan of a rollout: the version of the environment, and the plan of each node."""

    cluster: str
    name: str
    digest: str
    nodes: Sequence[Planned]


@dataclass(frozen=True)
class NodeResult:
    """What a rollout made of a node. ``prefix`` is that of the environment on it."""

    name: str
    address: str
    state: State
    prefix: str | None = None
    error: ErrorJson | None = None
