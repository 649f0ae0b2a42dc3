"""Settings of an environment's kernel: a fixed list, so that a request cannot set arbitrary variables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ..conda.prefix.activation import template
from ..errors import InvalidRequest
from ..sentences import say

_CUDA_DATA = "--xla_gpu_cuda_data_dir="


class _Setting(NamedTuple):
    """A variable, its value for a prefix, and the test that a program would make of a value."""

    variable: str
    value: Callable[[Path], str]
    is_on: Callable[[str, Path], bool]


def _has_own_cuda_data(value: str, prefix: Path) -> bool:
    folders = [part[len(_CUDA_DATA) :].strip("'\"") for part in value.split() if part.startswith(_CUDA_DATA)]
    # XLA takes the last one.
    return bool(folders) and Path(os.path.normpath(folders[-1])).is_relative_to(prefix)


#: By the name of the setting in the REST contract.
_SETTINGS: dict[str, _Setting] = {
    # Makes TensorFlow take tf.keras from the package tf-keras (``util/lazy_loader.py``, which has these values).
    "legacy_keras": _Setting(
        "TF_USE_LEGACY_KERAS", lambda prefix: "1", lambda value, prefix: value in ("1", "true", "True")
    ),
    # Makes Python ignore ~/.local (Python's documentation of the variable: any value that is not empty, also “0”).
    "ignore_user_site": _Setting("PYTHONNOUSERSITE", lambda prefix: "1", lambda value, prefix: bool(value)),
    # Makes Python ignore PYTHONPATH: an empty value counts as none (CPython's ``config_get_env``).
    "ignore_pythonpath": _Setting("PYTHONPATH", lambda prefix: "", lambda value, prefix: not value),
    # Makes Keras 3 ignore the backend of ~/.keras/keras.json (keras/src/backend/config.py).
    "tensorflow_backend": _Setting(
        "KERAS_BACKEND", lambda prefix: "tensorflow", lambda value, prefix: value == "tensorflow"
    ),
    # Makes XLA find libdevice, which conda-forge's cuda-nvcc packages install below the prefix.
    "own_cuda_data": _Setting("XLA_FLAGS", lambda prefix: _CUDA_DATA + template(str(prefix)), _has_own_cuda_data),
}

#: The names of the settings.
NAMES = tuple(_SETTINGS)


def parse(body: Mapping[str, Any]) -> dict[str, bool]:
    """Return the settings that a request's JSON changes; null leaves a setting unchanged. Raises InvalidRequest."""
    for name, value in body.items():
        if name not in _SETTINGS:
            raise InvalidRequest(say("“{name}” is not a kernel setting.", name=name))
        if value is not None and not isinstance(value, bool):
            raise InvalidRequest(say("“{name}” must be true or false.", name=name))
    return {name: value for name, value in body.items() if value is not None}


def changed(env: Mapping[str, str], wanted: Mapping[str, bool], prefix: Path) -> dict[str, str]:
    """Return a kernelspec's own variables (without those of activation) with these settings turned on or off."""
    result = dict(env)
    for name, is_on in wanted.items():
        setting = _SETTINGS[name]
        result.pop(setting.variable, None)
        if is_on:
            result[setting.variable] = setting.value(prefix)
    return result


def names(env: Mapping[str, str], prefix: Path) -> tuple[str, ...]:
    """Return the names of the settings that are on in the variables of a kernelspec for ``prefix``."""
    values = {key: str(value).replace("$$", "$") for key, value in env.items()}
    return tuple(
        name
        for name, setting in _SETTINGS.items()
        if (value := values.get(setting.variable)) is not None and setting.is_on(value, prefix)
    )


def only(env: Mapping[str, str]) -> dict[str, str]:
    """Return those of a kernelspec's variables that belong to a setting."""
    variables = {setting.variable for setting in _SETTINGS.values()}
    return {name: value for name, value in env.items() if name in variables}


def moved(env: Mapping[str, str], old: Path, new: Path) -> dict[str, str]:
    """Return a kernelspec's variables with the path of one prefix replaced by another's, in whole paths only."""
    # The path may follow a flag's letter (“-I/envs/tf/include”) or “file://”, but not the rest of a longer path.
    pattern = rf"(^|[^\w./+~@-]|//|(?<![\w./-])-[A-Za-z]+){re.escape(template(str(old)))}(?![\w.+~@-])"
    target = template(str(new))
    return {name: re.sub(pattern, lambda found: found[1] + target, value) for name, value in env.items()}
