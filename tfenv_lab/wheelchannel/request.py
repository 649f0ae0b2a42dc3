"""Models of a build: its request and its progress."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from ..errors import InvalidRequest

#: Increase this if the same wheels are packed differently; every channel is then built again.
RECIPE = 3
DEFAULT_RELEASES = ("2.19", "2.20")
#: Cost of a channel with the default releases, as measured: the minutes that the build takes, the bytes of the
#: download, and those on disk during the build and afterwards, the downloaded wheels included.
MINUTES, DOWNLOAD_BYTES, BUILD_BYTES, KEPT_BYTES = 2, 530_000_000, 2_000_000_000, 1_100_000_000
#: Packages for the default releases: Keras 2. (TensorFlow before 2.14 has no tf-keras.)
DEFAULT_PACKAGES = ("tf-keras",)
#: Packages of every channel, besides Python and TensorFlow, that a kernel needs.
BASE_PACKAGES = ("pip", "ipykernel", "keras")

_RELEASE = re.compile(r"\d+\.\d+(\.\d+([a-z]+\d+)?)?")


@dataclass(frozen=True)
class BuildProgress:
    """A step of the build.

    ``phase`` is interpreter, wait, resolve, download, repack, index or check. ``message`` is empty if only the numbers
    changed. ``done`` and ``total`` count packages, or are 0 in a phase without a count. ``bytes`` counts the bytes
    downloaded so far; the total is unknown. ``fraction`` of the whole build never decreases, and is 0 if unknown.
    """

    phase: str
    message: str
    done: int = 0
    total: int = 0
    bytes: int = 0
    fraction: float = 0.0


#: A function that receives every step. Calls may come from several threads, but never two at once.
Report = Callable[[BuildProgress], None]


@dataclass(frozen=True)
class BuildRequest:
    """A request for a channel. Raises InvalidRequest if a release or a package is invalid.

    ``tensorflow`` lists releases: ``2.19`` (its newest patch) or ``2.19.1``. ``packages`` lists additional requirements
    as pip writes them (``pandas``, ``tf-keras``), which are resolved together with each release. ``python`` is the
    interpreter to pack (default: the best one). ``directory`` is the directory of the channel (default: one for this
    recipe in the user's cache).
    """

    tensorflow: tuple[str, ...] = DEFAULT_RELEASES
    packages: tuple[str, ...] = ()
    python: Path | None = None
    directory: Path | None = None

    def __post_init__(self) -> None:
        if not self.tensorflow:
            raise InvalidRequest("The request names no TensorFlow release.")
        for release in self.tensorflow:
            if not _RELEASE.fullmatch(release):
                raise InvalidRequest(f"“{release}” is not a TensorFlow release.", hint="Write 2.19 or 2.19.1.")
        for package in self.packages:
            try:
                Requirement(package)
            except InvalidRequirement as error:
                raise InvalidRequest(f"“{package}” is not a package requirement.", str(error)) from error

    def recipe(self, python_version: str, subdir: str) -> dict[str, object]:
        """Return everything that determines the channel's contents; order and duplicates do not matter.

        ``python_version`` is that of the first candidate for the interpreter (``3.11.7``).
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
