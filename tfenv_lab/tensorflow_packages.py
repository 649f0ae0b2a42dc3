"""The packages that are TensorFlow or belong to it, and the Keras that each release works with."""

from __future__ import annotations

from .versions import minor_numbers, minor_of

#: conda packages that contain TensorFlow; on conda-forge, ``tensorflow`` may only depend on ``tensorflow-base``.
PACKAGES = ("tensorflow", "tensorflow-base", "tensorflow-cpu", "tensorflow-gpu")
#: Packages that are TensorFlow itself: updating one updates TensorFlow, and the build string of each shows the variant.
LEADS = frozenset(PACKAGES)
#: Packages that are free to move when one of LEADS is updated.
FAMILY = LEADS | {"keras", "tf-keras", "tensorflow-estimator", "libtensorflow", "libtensorflow_cc"}

#: Distributions on PyPI that contain the module ``tensorflow``, best known first.
DISTRIBUTIONS = (
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-gpu",
    "tf-nightly",
    "tensorflow-intel",
    "intel-tensorflow",
    "tensorflow-macos",
    "tensorflow-cpu-aws",
    "tensorflow-aarch64",
    "tensorflow-rocm",
)
#: Packages of either source that contain the module ``tensorflow``.
TENSORFLOWS = LEADS.union(DISTRIBUTIONS)
#: The distributions among them that are CPU-only.
CPU_DISTRIBUTIONS = frozenset(
    ("tensorflow-cpu", "tensorflow-intel", "intel-tensorflow", "tensorflow-macos", "tensorflow-cpu-aws")
)
#: Start of the name of the distribution with the CUDA runtime, which the other distributions use.
CUDA_RUNTIME = "nvidia-cuda-runtime"
#: Distributions of which a check reports two as mixed; on some machines, ``tensorflow`` itself requires the others.
RIVALS = ("tensorflow", "tensorflow-cpu", "tensorflow-gpu", "tensorflow-intel")
#: Python packages that a check looks at, by their names on PyPI.
CHECKED = ("tensorflow", "keras", "tf-keras", "numpy", "protobuf", "ml-dtypes", "h5py")

#: What requests Keras 2, in contrast to a version of Keras 3.
KERAS_2 = "2"
#: The package of Keras 2 for the releases with Keras 3.
TF_KERAS = "tf-keras"

#: Packages that come first in lists, in this order.
FIRST = ("tensorflow", "keras", "python")

#: The first release with Keras 3; until then, Keras had TensorFlow's version number (TensorFlow's release notes).
_KERAS_3 = (2, 16)
#: The oldest Keras 3 for a release of TensorFlow, from the first release with each (``Requires-Dist`` of the wheels).
_LEAST_KERAS = {(2, 16): (3, 0), (2, 17): (3, 2), (2, 18): (3, 5), (2, 20): (3, 10), (2, 21): (3, 12)}


def rank(name: str) -> int:
    """Return what sorts TensorFlow, Keras and Python before other packages."""
    known = FIRST[0] if name in DISTRIBUTIONS else name
    return FIRST.index(known) if known in FIRST else len(FIRST)


def has_keras_3(tensorflow: str) -> bool:
    """Return whether a release of TensorFlow works with Keras 3."""
    return minor_numbers(tensorflow) >= _KERAS_3


def requests_tf_keras(keras: bool | str, tensorflow: str | None) -> bool:
    """Return whether a request for a Keras and a version of TensorFlow means Keras 2 instead of Keras 3."""
    return keras == KERAS_2 and not has_own_keras_2(tensorflow or "")


def has_own_keras_2(tensorflow: str) -> bool:
    """Return whether a requested version of TensorFlow, such as ``2.15.*``, surely comes with a Keras 2 of its own."""
    numbers = minor_numbers(tensorflow)
    return len(numbers) == 2 and numbers < _KERAS_3


def is_tf_keras(tensorflow: str | None, keras: str | None) -> bool:
    """Return whether a release of TensorFlow has a version of Keras from tf-keras: Keras 2 instead of Keras 3."""
    return tensorflow is not None and keras is not None and keras.startswith("2.") and has_keras_3(tensorflow)


def tf_keras_for(tensorflow: str) -> str:
    """Return the spec of the tf-keras for a release of TensorFlow, which has the same minor version."""
    return f"{TF_KERAS}={minor_of(tensorflow)}.*"


def wheel_admits(tensorflow: str, keras: str) -> bool:
    """Return whether the wheel of a release of TensorFlow admits a version of Keras."""
    release, version = minor_numbers(tensorflow), minor_numbers(keras)
    least = next((keras for first, keras in reversed(_LEAST_KERAS.items()) if release >= first), ())
    return keras_fits(tensorflow, keras) and version >= least


def keras_for(tensorflow: str) -> str:
    """Return the spec of the Keras that a release of TensorFlow works with."""
    return "keras>=3" if has_keras_3(tensorflow) else f"keras={minor_of(tensorflow)}.*"


def keras_fits(tensorflow: str, keras: str) -> bool:
    """Return whether a release of TensorFlow works with a version of Keras."""
    release, version = minor_numbers(tensorflow), minor_numbers(keras)
    if len(release) < 2 or len(version) < 2:
        return True
    return version >= (3,) if has_keras_3(tensorflow) else version == release
