"""Find the conda packages that correspond to those of a ``pip install`` command."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier

from ..pypi.requirements import normalize
from ..tensorflow_packages import CPU_DISTRIBUTIONS

#: Extras of ``tensorflow`` that install CUDA.
_CUDA_EXTRA = "and-cuda"


def conda_specs(arguments: Iterable[str]) -> list[str]:
    """Return conda specs for the TensorFlow and Keras packages among the arguments of ``pip install``.

    Other packages, options, paths and URLs are left out.
    """
    return list(dict.fromkeys(spec for text in arguments if (spec := _spec(text)) is not None))


def _spec(text: str) -> str | None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    found = _package(normalize(requirement.name), requirement.extras)
    if found is None:
        return None
    name, build = found
    version = ",".join(sorted(map(_range, requirement.specifier), reverse=True))
    return " ".join([name, *([version or "*"] if version or build else []), *([build] if build else [])])


def _range(part: Specifier) -> str:
    """Return a part of a version range as conda writes it: without ``==`` before ``2.15.*``, and never ``===``."""
    if part.operator == "==" and part.version.endswith(".*"):
        return part.version
    return str(part).replace("===", "==")


def _package(name: str, extras: Iterable[str]) -> tuple[str, str] | None:
    """Return the conda package and build for a distribution on PyPI, or None if it is not TensorFlow or Keras."""
    if name in ("keras", "tf-keras"):
        return name, ""
    if name == "tensorflow-gpu" or (name == "tensorflow" and _CUDA_EXTRA in map(normalize, extras)):
        return "tensorflow", "cuda*"
    if name in CPU_DISTRIBUTIONS:
        return "tensorflow", "cpu_*"
    return ("tensorflow", "") if name == "tensorflow" else None
