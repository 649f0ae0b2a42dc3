"""Variants of TensorFlow builds (CPU, or CUDA with a version), read from their build strings.

conda-forge's build strings begin with ``cpu_`` or ``cuda126`` (CUDA 12.6); before TensorFlow 2.7 its CPU builds begin
with ``py39``. The older ``mkl_``, ``eigen_`` and ``gpu_`` builds of conda's default channels follow the same rule, but
name the CUDA version in a dependency.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_CUDA = re.compile(r"cuda(\d+)")
_PYTHON_BUILD = re.compile(r"py(\d)(\d+)")
#: One minor version of Python: ``3.11.*``, ``3.11`` or ``==3.11.4``. The range ``>=3.11,<3.12.0a0`` is one, too.
_ONE_PYTHON = re.compile(r"(?:=*|~=)(\d+)\.(\d+)(?![^ ]*[<>|,])")
_PYTHON_RANGE = re.compile(r">=(\d+)\.(\d+)[^,]*,<(\d+)\.(\d+)")
_CUDA_SPEC = re.compile(r"(?:cudatoolkit|cuda-version)\s+[><=~]*(\d+\.\d+)")


def variant_of(build: str, depends: Iterable[str] = ()) -> str:
    """Return ``"cpu"`` or, for example, ``"cuda12.6"``; plain ``"cuda"`` if the version is unknown."""
    found = _CUDA.match(build)
    if found:
        digits = found[1]
        # The major version has two digits since CUDA 10: "92" is 9.2, and "1210" would be 12.10.
        major = 2 if len(digits) > 2 else 1
        return f"cuda{digits[:major]}.{digits[major:]}"
    if build.startswith("gpu"):
        version = next((match[1] for spec in depends if (match := _CUDA_SPEC.match(spec))), "")
        return f"cuda{version}"
    return "cpu"


def python_of(build: str, depends: Iterable[str]) -> str | None:
    """Return the minor version of Python that a build needs, as in ``"3.11"``, or None if any will do.

    ``python_abi`` counts first: since TensorFlow 2.19.1 build 5, the ``python`` dependency names no version.
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


#: The packages that are TensorFlow itself; the build string of each distinguishes CPU from CUDA.
LEADS = frozenset({"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-base"})
#: The packages that may change when one of LEADS is updated.
FAMILY = LEADS | {"keras", "tf-keras", "tensorflow-estimator", "libtensorflow", "libtensorflow_cc"}


def loosened(name: str, build: str) -> str:
    """Return a spec that allows every version of an installed package, but only of the same variant."""
    if name in LEADS:
        for prefix in ("cpu_", "cuda"):
            if build.startswith(prefix):
                return f"{name} * {prefix}*"
    return name


def cuda_of(name: str, build: str) -> str | None:
    """Return the CUDA version of a TensorFlow build, ``"12.6"``, or None for CPU builds and other packages."""
    variant = variant_of(build) if name in LEADS else "cpu"
    return variant[4:] if variant.startswith("cuda") and len(variant) > 4 else None
