"""Settings of an environment's kernel: a fixed list, so that a request cannot set arbitrary variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..errors import InvalidRequest

#: The variable and its value for a prefix, by the name of the setting in the REST contract.
_VARIABLES: dict[str, tuple[str, Callable[[Path], str]]] = {
    # Makes TensorFlow take tf.keras from the package tf-keras (``util/lazy_loader.py``).
    "legacy_keras": ("TF_USE_LEGACY_KERAS", lambda prefix: "1"),
    # Makes Python ignore ~/.local (Python's documentation of the variable).
    "ignore_user_site": ("PYTHONNOUSERSITE", lambda prefix: "1"),
    # Makes XLA find libdevice, which conda-forge's cuda-nvcc packages install below the prefix.
    "own_cuda_data": ("XLA_FLAGS", lambda prefix: f"--xla_gpu_cuda_data_dir={prefix}"),
}


def parse(body: Mapping[str, Any]) -> dict[str, bool]:
    """Return the settings that a request's JSON changes; null leaves a setting unchanged. Raises InvalidRequest."""
    for name, value in body.items():
        if name not in _VARIABLES:
            raise InvalidRequest(f"“{name}” is not a kernel setting.")
        if value is not None and not isinstance(value, bool):
            raise InvalidRequest(f"“{name}” must be true or false.")
    return {name: value for name, value in body.items() if value is not None}


def changed(env: Mapping[str, str], wanted: Mapping[str, bool], prefix: Path) -> dict[str, str]:
    """Return a kernelspec's own variables (without those of activation) with these settings turned on or off."""
    result = dict(env)
    for name, is_on in wanted.items():
        variable, value = _VARIABLES[name]
        result.pop(variable, None)
        if is_on:
            result[variable] = value(prefix)
    return result


def names(env: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the settings that are on in a kernelspec's variables."""
    return tuple(name for name, (variable, _) in _VARIABLES.items() if env.get(variable))
