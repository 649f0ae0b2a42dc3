"""Orders to a process on a machine of a cluster, and its answers. Each is a line of JSON."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from ..errors import ErrorJson
from ..tensorflow.checks.models import Check
from .lockfile import LockFile
from .planning import NodePlan
from .ranks import Rank
from .sharing import Archive, Part


class Order(Struct, frozen=True):
    """An order to plan or to install a lock, to probe the environment, or to find the variables of its activation.

    ``digest`` is that of the lock where the rollout began. ``folder`` has the ``archives`` that other machines have
    downloaded, if there are any. The other verbs are to run TensorFlow in the environment (``check``), to run a rank of
    a training in it (``run``), to delete older versions apart from ``kept`` (``prune``), and to download ``parts``,
    whose bytes are the answer (``fetch``).
    """

    verb: Literal["plan", "install", "probe", "activate", "check", "run", "prune", "fetch"]
    lock: LockFile
    name: str
    digest: str
    rank: Rank | None = None
    folder: str = ""
    archives: tuple[Archive, ...] = ()
    parts: tuple[Part, ...] = ()
    kept: tuple[str, ...] = ()


class Answer(Struct, frozen=True):
    """The answer to an order: the plan, or the prefix of the installed environment, or an error.

    ``version`` is that of tfenv_lab on the machine. ``versions`` are those of Python and of the modules that a probe
    imported. ``variables`` are those of activation, with None for one that is unset; they never leave the machine.
    ``check`` is the result of a check, and ``status`` the exit status of a rank.
    ``note`` says what the user should know about an order that succeeded.
    """

    version: str
    plan: NodePlan | None = None
    prefix: str | None = None
    versions: dict[str, str] = {}
    variables: dict[str, str | None] = {}
    check: Check | None = None
    status: int | None = None
    error: ErrorJson | None = None
    note: str | None = None
