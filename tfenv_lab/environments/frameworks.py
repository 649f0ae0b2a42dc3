"""Find the TensorFlow and Keras of an environment, and whether conda or pip installed them."""

from __future__ import annotations

from collections.abc import Mapping

from ..conda.prefix.pypi import PypiPackage
from ..conda.prefix.records import PackageStem
from ..tensorflow_packages import CPU_DISTRIBUTIONS, CUDA_RUNTIME, DISTRIBUTIONS, PACKAGES
from ..variants import variant_of
from ..versions import minor_of
from .models import Keras, TensorFlow

#: Starts of the relevant names in records and ``.dist-info`` directories; a quick test that excludes nearly all others.
BEGINNINGS = ("tensorflow", "keras", "tf_", "tf-", "nvidia_cuda_runtime", "nvidia-cuda-runtime", "intel_t", "Keras")
LETTERS = "".join({beginning[0] for beginning in BEGINNINGS})


def concerns(name: str) -> bool:
    """Return whether a Python package (normalized name) concerns TensorFlow."""
    return name in DISTRIBUTIONS or name in ("keras", "tf-keras") or name.startswith(CUDA_RUNTIME)


def tensorflow_of(packages: Mapping[str, PackageStem], pypi: Mapping[str, PypiPackage]) -> TensorFlow | None:
    """Return the TensorFlow that Python imports: pip's if there is one, because it replaced conda's; or None."""
    for name in DISTRIBUTIONS:
        if name in pypi:
            return TensorFlow(pypi[name].version, None, _pypi_variant(name, pypi), "pypi")
    for name in PACKAGES:
        if name in packages:
            stem = packages[name]
            return TensorFlow(stem.version, stem.build, variant_of(stem.build), "conda")
    return None


def _pypi_variant(name: str, pypi: Mapping[str, PypiPackage]) -> str | None:
    """Return the variant of a wheel: ``tensorflow`` can use a GPU if NVIDIA's wheels are installed too."""
    if name in CPU_DISTRIBUTIONS:
        return "cpu"
    runtime = next((package for found, package in pypi.items() if found.startswith(CUDA_RUNTIME)), None)
    return f"cuda{minor_of(runtime.version)}" if runtime else None


def keras_of(packages: Mapping[str, PackageStem], pypi: Mapping[str, PypiPackage], name: str = "keras") -> Keras | None:
    """Return the Keras (or the tf-keras, by that ``name``) that Python imports, by the rule of ``tensorflow_of``."""
    if name in pypi:
        return Keras(pypi[name].version, "pypi")
    return Keras(packages[name].version, "conda") if name in packages else None
