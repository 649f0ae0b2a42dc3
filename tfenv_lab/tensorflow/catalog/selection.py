"""Turn what a user chose into specs for the solver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ...plan_requests import Source
from ...tensorflow_packages import KERAS_2, requests_tf_keras
from .cells import Cell
from .releases import Listing


@dataclass(frozen=True)
class Chosen:
    """What a new environment gets for TensorFlow: conda specs, requirements for a package index, and its source."""

    specs: list[str]
    requirements: list[str] = field(default_factory=list)
    source: Source = "conda"


class Wanted(Protocol):
    """The fields of a create request that concern TensorFlow.

    ``tensorflow`` is a version such as ``2.19.1`` or ``2.19.*``, or None for an environment without it. ``variant`` is
    ``auto`` (CUDA if there is a driver and a build for it, otherwise CPU), ``cpu`` or ``cuda``. ``cuda`` is a CUDA
    version to assume instead of the driver's. ``keras`` is as in a create request.
    """

    @property
    def tensorflow(self) -> str | None: ...
    @property
    def python(self) -> str | None: ...
    @property
    def variant(self) -> str: ...
    @property
    def cuda(self) -> str | None: ...
    @property
    def keras(self) -> bool | str: ...
    @property
    def packages(self) -> Sequence[str]: ...
    @property
    def source(self) -> Source | None: ...


def specs(wanted: Wanted, listing: Listing) -> list[str]:
    """Return the specs of a request, without its ``packages``.

    The spec of TensorFlow names CPU or CUDA, so that a later update keeps it. The specs may name releases that are not
    on the channels; the solver then explains why there is no solution.
    """
    python = f"python {wanted.python}.*" if wanted.python else "python"
    if wanted.tensorflow is None:
        return [python, *listing.companions]
    found = matching(wanted, listing)
    pin = found[0].pin if found else "cuda*" if wanted.variant == "cuda" else "cpu_*"
    return [f"tensorflow {_version(wanted.tensorflow)} {pin}", python, *_keras(wanted), *listing.companions]


def _keras(wanted: Wanted) -> list[str]:
    """Return the spec for the Keras that a request chooses from a channel."""
    return [f"keras {_version(version)}" if version else "keras" for version in _keras_versions(wanted)]


def keras_requirements(wanted: Wanted) -> list[str]:
    """Return the requirement for the Keras that a request chooses from a package index."""
    return [f"keras{specifier(version)}" if version else "keras" for version in _keras_versions(wanted)]


def _keras_versions(wanted: Wanted) -> list[str | None]:
    """Return the version of ``keras`` to request; None for any. tf-keras is requested from whichever source has it."""
    if not wanted.keras or requests_tf_keras(wanted.keras, wanted.tensorflow):
        return []
    return [wanted.keras if isinstance(wanted.keras, str) and wanted.keras != KERAS_2 else None]


def matching(wanted: Wanted, listing: Listing) -> list[Cell]:
    """Return the cells that match a request, best first; for ``auto``, only CPU cells or only CUDA cells."""
    cells = [
        cell
        for cell in listing.cells
        if wanted.python in (None, cell.python) and fits(cell.version, wanted.tensorflow or "*")
    ]
    if wanted.variant != "auto":
        return [cell for cell in cells if cell.cuda == (wanted.variant == "cuda")]
    # Prefer a CUDA build of the newest release that can be installed on this machine.
    first = next((cell for cell in cells if listing.installable(cell)), None)
    newest = [c for c in cells if first and c.version == first.version and listing.installable(c)]
    cuda = any(cell.cuda for cell in newest) if newest else all(cell.cuda for cell in cells)
    return [cell for cell in cells if cell.cuda == cuda]


def fits(version: str, text: str) -> bool:
    """Return whether a version matches ``text`` (``2.19.1``, ``2.19.*`` or ``*``)."""
    text = _version(text)
    if text.endswith("*"):
        base = text.rstrip(".*")
        return not base or version == base or version.startswith(f"{base}.")
    return version == text.removeprefix("==")


def specifier(text: str) -> str:
    """Return the version part of a requirement for a package index; empty for any version."""
    found = _version(text)
    return "" if found == "*" else found if found.startswith("==") else f"=={found}"


def _version(text: str) -> str:
    """Return the version part of a spec: ``2.19`` means any 2.19, and ``2.19.1`` exactly 2.19.1."""
    if text.endswith("*"):
        return text
    return f"{text}.*" if text.count(".") < 2 else f"=={text}"
