"""The packages that move together with TensorFlow, and how an update keeps their variant."""

from __future__ import annotations

from .variants import variant_of

#: TensorFlow itself, whose update means "update TensorFlow"; the build string of each tells CPU from CUDA.
LEADS = frozenset({"tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-base"})
#: Packages that are free to move when one of LEADS is updated.
NAMES = LEADS | {"keras", "tf-keras", "tensorflow-estimator", "libtensorflow", "libtensorflow_cc"}


def loosened(name: str, build: str) -> str:
    """Return the spec that lets an installed package move to any version of the same variant."""
    if name in LEADS:
        for prefix in ("cpu_", "cuda"):
            if build.startswith(prefix):
                return f"{name} * {prefix}*"
    return name


def cuda_of(name: str, build: str) -> str | None:
    """Return the CUDA version of a TensorFlow build, ``"12.6"``, or None for CPU builds and other packages."""
    variant = variant_of(build) if name in LEADS else "cpu"
    return variant[4:] if variant.startswith("cuda") and len(variant) > 4 else None
