"""Models of the catalog and of suggestions, as in the REST contract."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ..models import Advice
from ..plan_requests import Source
from ..sentences import Translatable


@dataclass(frozen=True)
class Blocked(Translatable):
    """A Python that a variant is built for but that cannot be installed on this machine; ``reason`` says why."""

    python: str
    reason: str


@dataclass(frozen=True)
class Variant(Translatable):
    """One variant of a release.

    ``name`` is ``cpu`` or, for example, ``cuda12.6``. ``python`` lists every Python that the variant is built for,
    oldest first; those in ``blocked`` cannot be installed on this machine. ``installable`` says whether at least one
    can; if none can, ``reason`` says why. ``source`` is a channel or the package index.
    """

    name: str
    python: list[str]
    installable: bool
    reason: str | None
    blocked: list[Blocked]
    source: Source = "conda"


@dataclass(frozen=True)
class KerasVersion:
    """A version of Keras that fits a release of TensorFlow; Keras 2 is the package tf-keras.

    ``python`` lists the Pythons that it fits, oldest first, and ``source`` is that of TensorFlow.
    """

    version: str
    python: list[str]
    source: Source


@dataclass(frozen=True)
class Release:
    """One version of TensorFlow.

    ``python`` lists the Pythons of all variants together, oldest first. ``keras`` is the version that would be
    installed with it, or None if unknown. ``keras_versions`` are those that can be chosen, newest first; none before
    Keras 3, because these releases come with a Keras of their own. ``published`` is the ISO date of its first build, or
    None if no record has a time.
    """

    version: str
    python: list[str]
    variants: list[Variant]
    keras: str | None
    keras_versions: list[KerasVersion]
    published: str | None
    prerelease: bool
    recommended: bool


@dataclass(frozen=True)
class CatalogModel(Translatable):
    """The releases on the configured channels and on the package index, newest first.

    ``message`` says why there are none, or why none can be installed on this machine. ``warnings`` say which source did
    not answer. ``age_seconds`` is the age of the
    oldest channel data if a channel did not answer, or None if all of it is current.
    """

    subdir: str
    channels: list[dict[str, str]]
    virtual_packages: list[dict[str, str]]
    releases: list[Release]
    message: str | None
    age_seconds: float | None
    warnings: list[Advice] = field(default_factory=list)


@dataclass(frozen=True)
class Suggestion:
    """A nearby request that has a solution, for one that has none.

    ``message`` is a sentence, and ``change`` holds the fields to replace in the request.
    """

    message: str
    change: dict[str, Any]

    def __str__(self) -> str:
        return self.message
