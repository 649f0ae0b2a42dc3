"""Models of the REST contract that several packages share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

Severity = Literal["info", "warning", "error"]
#: The phases of a job, in no fixed order.
Phase = Literal["solve", "download", "pack", "link", "swap", "check"]
Action = Literal["install", "upgrade", "downgrade", "change", "remove"]


@dataclass(frozen=True)
class Advice:
    """A warning about an environment, or about a plan before it is applied.

    ``plan_request`` changes the environment so that the warning no longer holds, or is an alternative to the plan. It
    is None if there is no such request.
    """

    code: str
    severity: Severity
    message: str
    plan_request: Mapping[str, Any] | None = None


class Installed(TypedDict):
    """The build of a package before the change of an entry."""

    version: str
    build: str
    channel: str | None


class Coming(Installed):
    """The build of a package after the change of an entry; ``size`` is its download in bytes, None if unknown."""

    size: int | None


#: An entry of a plan or revision, as JSON. ``from`` is None for an added package, ``to`` for a removed one.
EntryJson = TypedDict(
    "EntryJson",
    {"action": Action, "name": str, "from": Installed | None, "to": Coming | None, "requested": bool},
)


class ErrorJson(TypedDict):
    """The Error of the REST contract, as :meth:`tfenv_lab.errors.TfenvError.to_json` returns it."""

    reason: str
    message: str
    hint: str | None
    details: str | None
