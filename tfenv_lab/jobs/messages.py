"""Orders from the server to a worker, and the worker's messages. Each is a line of JSON with a tag for its class."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from ..conda.settings.condarc import CondaSettings
from ..conda.transaction.change import Change
from ..conda.transaction.engaged import Engagement
from ..conda.transaction.progress import Progress
from ..conda.transaction.staging import Leftover
from ..errors import ErrorJson
from ..models import Advice, NodeResult, Phase
from ..pypi.models import IndexPolicy
from ..space.models import Item
from ..tensorflow.checks.evidence import Subject
from ..tensorflow.checks.models import Check
from .models import BusyServer


class ApplyChange(Struct, frozen=True, tag="apply"):
    """An order to apply the change of a plan, or to restore what the job ``deletion`` set aside under another name."""

    job: str
    change: Change
    settings: CondaSettings
    package_cache: Path
    bytecode_store: Path
    index: IndexPolicy = IndexPolicy()
    deletion: str | None = None

    @property
    def places(self) -> tuple[Path, ...]:
        """The prefixes that the worker locks."""
        return self.change.places


class RemoveEnvironment(Struct, frozen=True, tag="remove"):
    """An order to delete an environment; ``keep`` sets it aside, so that it can be restored."""

    job: str
    prefix: Path
    keep: bool = False

    @property
    def places(self) -> tuple[Path, ...]:
        """The prefixes that the worker locks."""
        return (self.prefix,)


class RestoreEnvironment(Struct, frozen=True, tag="restore"):
    """An order to restore the environment that the job ``deletion`` set aside."""

    job: str
    prefix: Path
    deletion: str


class RunCheck(Struct, frozen=True, tag="check"):
    """An order to run TensorFlow in an environment."""

    subject: Subject


class BuildChannel(Struct, frozen=True, tag="build-channel"):
    """An order to build the local channel."""


class CleanDisk(Struct, frozen=True, tag="clean"):
    """An order to delete what no environment needs. ``prefixes`` are those of all environments."""

    job: str
    items: tuple[Item, ...]
    prefixes: tuple[Path, ...]
    index: IndexPolicy = IndexPolicy()


class UseCluster(Struct, frozen=True, tag="cluster"):
    """An order to run a rollout, or to check the nodes of a cluster.

    ``run`` is for the process that speaks to the cluster, and has the form of its room.

    That process gets ``grace`` seconds to end when its input ends, because drained workers must take tasks again.
    """

    run: dict[str, Any]
    module: str = "tfenv_lab.cluster.worker"
    grace: float = 20.0


#: What the worker of jobs carries out; what uses a cluster has another process.
WorkerOrder = ApplyChange | RemoveEnvironment | RestoreEnvironment | RunCheck | BuildChannel | CleanDisk
Order = WorkerOrder | UseCluster


class PhaseBegun(Struct, frozen=True, tag="phase"):
    """A message that the worker has entered a phase."""

    name: Phase


class ProgressMade(Struct, frozen=True, tag="progress"):
    """A message about the worker's progress."""

    progress: Progress


class NodesChanged(Struct, frozen=True, tag="nodes"):
    """A message about all nodes of a rollout, ``done`` of which have what it brings."""

    nodes: list[NodeResult]
    done: int


class Waiting(Struct, frozen=True, tag="waiting"):
    """A message that the worker waits for a server that is busy. ``text`` is a sentence for the user."""

    text: str
    server: BusyServer


class Noticed(Struct, frozen=True, tag="noticed"):
    """A message about something in the new environment that the user should know."""

    advice: Advice


class WorkingOn(Struct, frozen=True, tag="working-on"):
    """A message about the packages that the engine is working on, in case it crashes."""

    engagement: Engagement


class Succeeded(Struct, frozen=True, tag="succeeded"):
    """A message that the job succeeded.

    ``check`` is a check's result, ``channel`` the URL of a built channel, ``freed`` the bytes that a cleaning freed,
    ``kept`` those that the deletion of what is set aside will free.
    """

    check: Check | None = None
    channel: str | None = None
    freed: int | None = None
    kept: int | None = None


class Failed(Struct, frozen=True, tag="failed"):
    """A message that the job failed."""

    error: ErrorJson


class LeftBehind(Struct, frozen=True, tag="left-behind"):
    """A message, after ``Succeeded``, that part of the replaced tree could not be deleted."""

    leftover: Leftover


Message = PhaseBegun | ProgressMade | NodesChanged | Noticed | WorkingOn | Waiting | Succeeded | Failed | LeftBehind
