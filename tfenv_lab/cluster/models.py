"""Nodes of a cluster, what they run, and their parts of a plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..models import NodeState
from ..nodes.planning import NodePlan

#: The state of a node for which a rollout of this kind is done.
DONE: dict[str, NodeState] = {"inside": "inside", "beside": "ready", "back": "inside"}


@dataclass(frozen=True)
class ClusterNode:
    """A worker of a cluster. The name stays if the worker restarts; the address changes."""

    name: str
    address: str


@dataclass(frozen=True)
class Inside:
    """What a node runs: a prefix, and the name of the environment if a rollout let the node enter it.

    The name is empty if the node runs the Python that it was started with. ``process`` changes when the node starts
    again. ``previous`` is the name of what it ran before, or None. ``obstacle`` says why it cannot enter an
    environment, if it cannot.
    """

    prefix: str
    name: str
    process: str
    previous: str | None = None
    obstacle: str | None = None


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
