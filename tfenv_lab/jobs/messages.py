"""What a server orders of a worker, and what the worker tells: one JSON line each, told apart by a tag."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from ..conda.settings.condarc import CondaSettings
from ..conda.transaction.change import Change
from ..conda.transaction.progress import Progress
from ..conda.transaction.staging import Leftover
from ..models import ErrorJson, Phase
from ..tensorflow.checks.evidence import Subject
from ..tensorflow.checks.models import Check


class ApplyChange(Struct, frozen=True, tag="apply"):
    """Run the change of a plan."""

    job: str
    change: Change
    settings: CondaSettings
    package_cache: Path
    bytecode_store: Path

    @property
    def places(self) -> tuple[Path, ...]:
        """The prefixes that the worker holds meanwhile."""
        return self.change.places


class RemoveEnvironment(Struct, frozen=True, tag="remove"):
    """Remove a whole environment."""

    job: str
    prefix: Path

    @property
    def places(self) -> tuple[Path, ...]:
        """The prefixes that the worker holds meanwhile."""
        return (self.prefix,)


class RunCheck(Struct, frozen=True, tag="check"):
    """Run TensorFlow in an environment."""

    subject: Subject


class BuildChannel(Struct, frozen=True, tag="build-channel"):
    """Build the local channel."""


Order = ApplyChange | RemoveEnvironment | RunCheck | BuildChannel


class PhaseBegun(Struct, frozen=True, tag="phase"):
    """The worker entered a phase."""

    name: Phase


class ProgressMade(Struct, frozen=True, tag="progress"):
    """How far the worker is."""

    progress: Progress


class Succeeded(Struct, frozen=True, tag="succeeded"):
    """The work is done. ``check`` is the result of a check, ``channel`` the URL of a channel that was built."""

    check: Check | None = None
    channel: str | None = None


class Failed(Struct, frozen=True, tag="failed"):
    """The work could not be done."""

    error: ErrorJson


class LeftBehind(Struct, frozen=True, tag="left-behind"):
    """What could not be deleted of the tree that was replaced; it follows ``Succeeded``."""

    leftover: Leftover


Message = PhaseBegun | ProgressMade | Succeeded | Failed | LeftBehind
