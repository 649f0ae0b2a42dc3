"""Models of the REST contract that several rooms share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypedDict

Severity = Literal["info", "warning", "error"]
#: The stages of a job, in no fixed order.
Phase = Literal["solve", "download", "pack", "link", "swap", "check"]
Action = Literal["install", "upgrade", "downgrade", "change", "remove"]


@dataclass(frozen=True)
class Advice:
    """A warning about an environment, or about a plan before it is applied.

    ``plan_request`` fixes the environment, or is an alternative to the plan that avoids the warning; it may be None.
    """

    code: str
    severity: Severity
    message: str
    plan_request: Mapping[str, Any] | None = None


class Installed(TypedDict):
    """The build of a package before a change."""

    version: str
    build: str
    channel: str | None


class Coming(Installed):
    """The build of a package after a change; ``size`` is that of its archive in bytes, or None if unknown."""

    size: int | None


#: One line of a plan or of a revision, as JSON; ``from`` is None for an added package, ``to`` for a removed one.
EntryJson = TypedDict(
    "EntryJson",
    {"action": Action, "name": str, "from": Installed | None, "to": Coming | None, "requested": bool},
)


class Alternative(TypedDict):
    """A plan request that can be made instead of one that failed, with a label for its button."""

    label: str
    plan_request: Mapping[str, Any]


class _ErrorTexts(TypedDict):
    """The fields that every error has."""

    reason: str
    message: str
    hint: str | None
    details: str | None


class ErrorJson(_ErrorTexts, total=False):
    """The body of an error, as :meth:`tfenv_lab.errors.TfenvError.to_json` returns it."""

    alternatives: list[Alternative]
