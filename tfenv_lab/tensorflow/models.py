"""What the catalog and the check say, in the REST contract's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Blocked:
    """A Python for which a variant is built, but which cannot be installed here; ``reason`` says why."""

    python: str
    reason: str


@dataclass(frozen=True)
class Variant:
    """One kind of build of a release.

    ``name`` is ``cpu`` or, for example, ``cuda12.6``. ``python`` lists every Python it is built for, oldest
    first; those in ``blocked`` cannot be installed on this machine. ``installable``: at least one can;
    ``reason`` says why none can, None otherwise.
    """

    name: str
    python: list[str]
    installable: bool
    reason: str | None
    blocked: list[Blocked]


@dataclass(frozen=True)
class Release:
    """One version of TensorFlow.

    ``python``: of all variants together, oldest first. ``keras``: the version that would come, None where
    it is not known. ``published``: ISO date of its first build, None where no record has a time.
    """

    version: str
    python: list[str]
    variants: list[Variant]
    keras: str | None
    published: str | None
    prerelease: bool
    recommended: bool


@dataclass(frozen=True)
class CatalogModel:
    """The releases on the configured channels, newest first.

    ``message`` says why there is none, or why none can be installed here. ``age_seconds``: how old the
    oldest channel data is where a channel did not answer, None where all of it is current.
    """

    subdir: str
    channels: list[dict[str, str]]
    virtual_packages: list[dict[str, str]]
    releases: list[Release]
    message: str | None
    age_seconds: float | None


@dataclass(frozen=True)
class Suggestion:
    """A request near one that has no solution, and that does have one.

    ``message`` is a sentence, ``change`` holds the fields of the request to replace.
    """

    message: str
    change: dict[str, Any]

    def __str__(self) -> str:
        return self.message
