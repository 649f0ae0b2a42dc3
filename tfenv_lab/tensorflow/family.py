"""The packages that move together with TensorFlow, and how an update keeps their variant."""

from __future__ import annotations

from .variants import variant_of

#: Packages whose update means "update TensorFlow".
LEADS = frozenset({"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-base", "keras", "tf-keras"})
#: Packages that are free to move when one of LEADS is updated.
NAMES = LEADS | {"tensorflow-estimator", "libtensorflow", "libtensorflow_cc"}
#: Packages whose build string tells CPU from CUDA.
_BUILDS = frozenset({"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-base"})


def loosened(name: str, build: str) -> str:
    """Return the spec that lets an installed package move to any version of the same variant."""
    if name in _BUILDS:
        for prefix in ("cpu_", "cuda"):
            if build.startswith(prefix):
                return f"{name} * {prefix}*"
    return name


def cuda_of(name: str, build: str) -> str | None:
    """Return the CUDA version of a TensorFlow build, ``"12.6"``, or None for CPU builds and other packages."""
    variant = variant_of(build) if name in _BUILDS else "cpu"
    return variant[4:] if variant.startswith("cuda") and len(variant) > 4 else None
