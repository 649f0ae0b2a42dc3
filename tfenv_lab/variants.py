"""Read the variant and the Python of a TensorFlow build from its build string and dependencies.

conda-forge's build strings start with ``cpu_`` or ``cuda126`` (CUDA 12.6); those of its CPU builds before 2.7 start
with ``py39``. The older builds of conda's default channels start with ``mkl_``, ``eigen_`` or ``gpu_``; the CUDA
version of a ``gpu_`` build is in a dependency.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from .tensorflow_packages import LEADS

_CUDA = re.compile(r"cuda(\d+)")
_PYTHON_BUILD = re.compile(r"py(\d)(\d+)")
#: A spec for one minor version of Python: ``3.11.*``, ``3.11`` or ``==3.11.4``.
_ONE_PYTHON = re.compile(r"(?:=*|~=)(\d+)\.(\d+)(?![^ ]*[<>|,])")
#: A range that may be one minor version of Python: ``>=3.11,<3.12.0a0``.
_PYTHON_RANGE = re.compile(r">=(\d+)\.(\d+)[^,]*,<(\d+)\.(\d+)")
_CUDA_SPEC = re.compile(r"(?:cudatoolkit|cuda-version)\s+[><=~]*(\d+\.\d+)")


def variant_of(build: str, depends: Iterable[str] = ()) -> str:
    """Return the variant of a build: ``"cpu"``, ``"cuda12.6"``, or ``"cuda"`` if its version is unknown."""
    found = _CUDA.match(build)
    if found:
        digits = found[1]
        # Major versions have two digits since CUDA 10: "92" is 9.2, "12" is any 12, "1210" would be 12.10.
        major = 2 if len(digits) > 2 or digits[0] == "1" else 1
        return f"cuda{digits[:major]}.{digits[major:]}" if digits[major:] else f"cuda{digits}"
    if build.startswith("gpu"):
        version = next((match[1] for spec in depends if (match := _CUDA_SPEC.match(spec))), "")
        return f"cuda{version}"
    return "cpu"


def python_of(build: str, depends: Iterable[str]) -> str | None:
    """Return the minor version of Python that a build is for, as in ``"3.11"``, or None if it works with any.

    Looks at ``python_abi`` first, because the ``python`` dependency has no version since 2.19.1 build 5.
    """
    specs = {name: rest.strip() for name, _, rest in (spec.partition(" ") for spec in depends)}
    for name in ("python_abi", "python"):
        text = specs.get(name, "")
        found = _PYTHON_RANGE.match(text)
        if found and (found[1], int(found[2]) + 1) == (found[3], int(found[4])):
            return f"{found[1]}.{found[2]}"
        found = _ONE_PYTHON.match(text)
        if found:
            return f"{found[1]}.{found[2]}"
    found = _PYTHON_BUILD.search(build)
    return f"{found[1]}.{found[2]}" if found else None


def loosened(name: str, build: str) -> str:
    """Return the spec that allows an installed package to move to any version of the same variant."""
    if name in LEADS:
        for prefix in ("cpu_", "cuda"):
            if build.startswith(prefix):
                return f"{name} * {prefix}*"
    return name


def cuda_of(name: str, build: str) -> str | None:
    """Return the CUDA version of a TensorFlow build, as in ``"12.6"``; None for CPU builds and other packages."""
    variant = variant_of(build) if name in LEADS else "cpu"
    return variant[4:] if variant.startswith("cuda") and len(variant) > 4 else None


def cuda_in(spec: str) -> str | None:
    """Return the CUDA version in a spec for CUDA itself, as in ``cudatoolkit 11.2.*``; None for other specs."""
    found = re.match(r"(?:cudatoolkit|cuda-version|cuda-toolkit|cuda) [><=~]*(\d+\.\d+)", spec)
    return found[1] if found else None


def least_cuda(requirement: str) -> str | None:
    """Return the oldest CUDA version that a requirement such as ``__cuda >=12.6`` accepts; None if any will do."""
    found = re.search(r"(?:>=|==|\s)(\d+(?:\.\d+)?)", requirement)
    return found[1] if found else None
