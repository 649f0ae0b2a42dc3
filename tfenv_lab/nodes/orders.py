"""Orders to a process on a machine of a cluster, and its answers. Each is a line of JSON."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from ..errors import ErrorJson
from .lockfile import LockFile
from .planning import NodePlan


class Order(Struct, frozen=True):
    """An order to plan or to install a lock, to probe the environment, or to find the variables of its activation.

    ``digest`` is that of the lock where the rollout began.
    """

    verb: Literal["plan", "install", "probe", "activate"]
    lock: LockFile
    name: str
    digest: str


class Answer(Struct, frozen=True):
    """The answer to an order: the plan, or the prefix of the installed environment, or an error.

    ``version`` is that of tfenv_lab on the machine. ``versions`` are those of Python and of the modules that a probe
    imported. ``variables`` are those of activation, with None for one that is unset; they never leave the machine.
    """

    version: str
    plan: NodePlan | None = None
    prefix: str | None = None
    versions: dict[str, str] = {}
    variables: dict[str, str | None] = {}
    error: ErrorJson | None = None
