"""What a build is asked for, and what it says while it runs."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from ..errors import InvalidRequest

RECIPE = 3
"""Raised whenever the same wheels would be packed differently: every channel is then built anew."""

DEFAULT_RELEASES = ("2.19", "2.20")
DEFAULT_PACKAGES = ("tf-keras",)
"""Beside the default releases: Keras 2. Releases before 2.14 have none."""
BASE_PACKAGES = ("pip", "ipykernel", "keras")
"""In every channel, beside Python and TensorFlow: what an environment needs to be a kernel."""

_RELEASE = re.compile(r"\d+\.\d+(\.\d+([a-z]+\d+)?)?")


@dataclass(frozen=True)
class BuildProgress:
    """One step forward. ``phase`` is interpreter, wait, resolve, download, repack, index or check; ``message`` is
    empty where only the numbers moved.

    ``done`` of ``total`` counts packages; both are 0 where a phase cannot be counted. ``bytes`` were downloaded so
    far; how many there will be is not known. ``fraction`` of the whole never falls; 0 where it is not told.
    """

    phase: str
    message: str
    done: int = 0
    total: int = 0
    bytes: int = 0
    fraction: float = 0.0


Report = Callable[[BuildProgress], None]
"""Receives every step. May be called from several threads, one call at a time."""


@dataclass(frozen=True)
class BuildRequest:
    """Which channel to build.

    ``tensorflow``: releases, ``2.19`` (its newest patch) or ``2.19.1``. ``packages``: further
    requirements in PyPI's form (``pandas``, ``tf-keras``), resolved together with each release.
    ``python``: the interpreter to pack, else one is chosen. ``directory``: where the channel goes,
    else a directory of its own in the user's cache. Raises InvalidRequest on bad text.
    """

    tensorflow: tuple[str, ...] = DEFAULT_RELEASES
    packages: tuple[str, ...] = ()
    python: Path | None = None
    directory: Path | None = None

    def __post_init__(self) -> None:
        if not self.tensorflow:
            raise InvalidRequest("At least one TensorFlow release is needed.")
        for release in self.tensorflow:
            if not _RELEASE.fullmatch(release):
                raise InvalidRequest(f"“{release}” is not a TensorFlow release.", hint="Write 2.19 or 2.19.1.")
        for package in self.packages:
            try:
                Requirement(package)
            except InvalidRequirement as error:
                raise InvalidRequest(f"“{package}” is not a package requirement.", str(error)) from error

    def recipe(self, python_version: str, subdir: str) -> dict[str, object]:
        """Everything that decides what the channel holds; order and repetition do not.

        ``python_version`` is that of the interpreter where the choice starts (``3.11.7``).
        """
        return {
            "recipe": RECIPE,
            "tensorflow": sorted(set(self.tensorflow)),
            "packages": sorted(set(self.packages)),
            "python": python_version,
            "subdir": subdir,
        }


def digest(recipe: dict[str, object]) -> str:
    """Return the hexadecimal SHA-256 of a recipe."""
    return hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
