"""Models of the REST contract that several rooms share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

Severity = Literal["info", "warning", "error"]
Action = Literal["install", "upgrade", "downgrade", "change", "remove"]


@dataclass(frozen=True)
class Advice:
    """What a person should know of an environment, or before a plan is applied.

    ``plan_request`` is the remedy or, of a plan, an alternative without this advice; None where there is none.
    """

    code: str
    severity: Severity
    message: str
    plan_request: Mapping[str, Any] | None = None


class Installed(TypedDict):
    """The build of a package that an entry begins with."""

    version: str
    build: str
    channel: str | None


class Coming(Installed):
    """The build of a package that an entry ends with; ``size`` is that of its archive in bytes, None if unknown."""

    size: int | None


#: One line of a plan or of a revision, as JSON; ``from`` is None for what comes, ``to`` for what goes.
EntryJson = TypedDict(
    "EntryJson",
    {"action": Action, "name": str, "from": Installed | None, "to": Coming | None, "requested": bool},
)


class ProgressJson(TypedDict):
    """How far a job is; ``fraction`` runs from 0 to 1, totals are 0 where they are not known."""

    done_bytes: int
    total_bytes: int
    done_packages: int
    total_packages: int
    fraction: float


class ErrorJson(TypedDict):
    """An error body, as :meth:`tfenv_lab.errors.TfenvError.to_json` makes it."""

    reason: str
    message: str
    hint: str | None
    details: str | None
