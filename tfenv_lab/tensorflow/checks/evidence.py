"""Evidence of a check, in which the problems are found: its subject, and what the probe observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...conda.prefix.files import Damage
from ...plan_requests import Install, Repair
from .models import Problem


@dataclass(frozen=True)
class Subject:
    """The environment to check.

    ``variables`` are the ``env`` of its kernelspec (templates that can name ``${OTHER}`` variables), and ``kernel`` is
    the interpreter that the kernelspec starts, or None if there is no kernelspec. ``cuda`` is the CUDA version of this
    machine's driver, or None if there is no driver. ``environment`` is the id for plan requests.
    """

    prefix: Path
    environment: str
    variables: Mapping[str, str] = field(default_factory=dict)
    kernel: str | None = None
    cuda: str | None = None

    def install(self, *specs: str) -> Install:
        """Return the plan request that installs these specs in the environment."""
        return Install(self.environment, specs)

    def repair(self) -> Repair:
        """Return the plan request that restores the files of the environment."""
        return Repair(self.environment)


@dataclass(frozen=True)
class CondaPackage:
    """An installed conda package, from its record. ``files`` are paths in the prefix."""

    version: str
    build: str
    depends: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Observed:
    """The results of a run of the probe.

    ``stages`` are its lines, by the name of the stage. ``reached`` is the stage in which it ended early, or None if it
    finished. ``status`` is the exit status, negative for a signal, or None if it was stopped because it ran out of time
    or, if it ``is_endless``, because it wrote without end. ``conda`` holds the conda packages by name, and ``unowned``
    the projects that pip or uv installed, also over conda packages. ``damages`` are the packages whose files differ
    from their records.
    """

    stages: Mapping[str, Mapping[str, Any]]
    reached: str | None
    status: int | None
    output: str
    environ: Mapping[str, str]
    conda: Mapping[str, CondaPackage]
    unowned: Set[str]
    seconds: float
    damages: Sequence[Damage] = ()
    is_endless: bool = False

    @property
    def distributions(self) -> list[dict[str, Any]]:
        """Python packages that the probe found, in the order of Python's search path."""
        return list(self.stages.get("distributions", {}).get("found", []))

    @property
    def errors(self) -> Iterator[Mapping[str, Any]]:
        """The errors of the stages, in order."""
        return (stage["error"] for stage in self.stages.values() if "error" in stage)


@dataclass(frozen=True)
class Finding:
    """A problem, with what tells causes from consequences.

    A problem with a ``text`` (an error with its traceback) is the consequence of another problem if the text contains
    one of the other's ``marks``.
    """

    problem: Problem
    marks: tuple[str, ...] = ()
    text: str | None = None
