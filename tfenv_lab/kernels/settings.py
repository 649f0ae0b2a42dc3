"""What may be set for the kernel of an environment: a closed list, so that no text of a request becomes a variable."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import InvalidRequest

#: By the name that the REST contract has for it: the variable, and its value for a prefix.
_VARIABLES: dict[str, tuple[str, Callable[[Path], str]]] = {
    # TensorFlow then takes tf.keras from the package tf-keras (``util/lazy_loader.py``).
    "legacy_keras": ("TF_USE_LEGACY_KERAS", lambda prefix: "1"),
    # Python then leaves ~/.local alone (its own documentation of the variable).
    "ignore_user_site": ("PYTHONNOUSERSITE", lambda prefix: "1"),
    # XLA then finds libdevice, which conda-forge's cuda-nvcc packages put below the prefix.
    "own_cuda_data": ("XLA_FLAGS", lambda prefix: f"--xla_gpu_cuda_data_dir={prefix}"),
}


def parse(body: Mapping[str, Any]) -> dict[str, bool]:
    """Return the settings that a request's JSON changes; null leaves one as it is. Raises InvalidRequest."""
    for name, value in body.items():
        if name not in _VARIABLES:
            raise InvalidRequest(f"A kernel has no setting “{name}”.")
        if value is not None and not isinstance(value, bool):
            raise InvalidRequest(f"“{name}” must be true or false.")
    return {name: value for name, value in body.items() if value is not None}


def changed(env: Mapping[str, str], wanted: Mapping[str, bool], prefix: Path) -> dict[str, str]:
    """Return a kernelspec's own variables (those beside activation's) with settings put in or taken out."""
    result = dict(env)
    for name, is_on in wanted.items():
        variable, value = _VARIABLES[name]
        result.pop(variable, None)
        if is_on:
            result[variable] = value(prefix)
    return result


def names(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the settings that a kernelspec's variables hold."""
    return tuple(name for name, (variable, _) in _VARIABLES.items() if env.get(variable))
