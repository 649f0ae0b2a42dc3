"""Orders to a process on a machine of a cluster, and its answers. Each is a line of JSON."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from ..errors import ErrorJson
from .lockfile import LockFile
from .planning import NodePlan


class Order(Struct, frozen=True):
    """An order to plan or to install a lock. ``digest`` is that of the lock where the rollout began."""

    verb: Literal["plan", "install"]
    lock: LockFile
    name: str
    digest: str


class Answer(Struct, frozen=True):
    """The answer to an order: the plan, or the prefix of the installed environment, or an error.

    ``version`` is that of tfenv_lab on the machine.
    """

    version: str
    plan: NodePlan | None = None
    prefix: str | None = None
    error: ErrorJson | None = None
