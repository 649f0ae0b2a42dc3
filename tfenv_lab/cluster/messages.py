"""Orders from a server to the process that speaks to a cluster, and its answer to those that change nothing."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from ..errors import ErrorJson
from ..nodes.lockfile import LockFile
from .models import ClusterNode, Inside, RolloutPlan

#: The module that the process runs.
MODULE = "tfenv_lab.cluster.worker"

Mode = Literal["inside", "beside", "back"]


class FindNodes(Struct, frozen=True, tag="look"):
    """An order to find out what the nodes of a cluster run."""

    address: str


class MakePlan(Struct, frozen=True, tag="plan"):
    """An order to plan a rollout.

    ``version`` is the name that the environment ``name`` gets on the nodes, and ``packages`` are its versions.
    ``environment`` is its id here.
    """

    address: str
    mode: Mode
    nodes: tuple[str, ...]
    lock: LockFile = LockFile("")
    version: str = ""
    digest: str = ""
    name: str = ""
    packages: dict[str, str] = {}
    environment: str = ""


class CheckNodes(Struct, frozen=True, tag="check"):
    """An order to check the environment that the nodes have under the name ``version``, as a job."""

    address: str
    version: str


class Run(Struct, frozen=True, tag="run"):
    """An order to run a rollout. Its messages are those of jobs."""

    address: str
    mode: Mode
    plan: RolloutPlan
    lock: LockFile
    batch: str
    max_failed: int
    follow: bool


Order = FindNodes | MakePlan | CheckNodes | Run


class ClusterAnswer(Struct, frozen=True):
    """The nodes with what they run (None if one left meanwhile), or the plan, or an error."""

    nodes: tuple[tuple[ClusterNode, Inside | None], ...] = ()
    plan: RolloutPlan | None = None
    error: ErrorJson | None = None
