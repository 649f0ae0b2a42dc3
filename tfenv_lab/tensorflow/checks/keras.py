"""Find out why tf.keras is not the Keras that the user expects, or does not work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ...pypi.models import MARK
from ...tensorflow_packages import has_keras_3, keras_fits, tf_keras_for
from ...versions import minor_numbers, minor_of
from . import failures
from .evidence import Finding, Observed, Subject
from .models import Problem, Remedy

_BACKEND = "KERAS_BACKEND"
#: Values that Keras accepts in its file (keras/src/backend/config.py).
_ACCEPTED = {
    "floatx": ("float16", "float32", "float64"),
    "image_data_format": ("channels_last", "channels_first"),
}


def find(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """Find a Keras that does not fit TensorFlow, or that fails."""
    release = observed.stages.get("tensorflow", {}).get("version")
    if release is None:
        return
    keras = observed.stages.get("keras", {})
    found = {entry["name"]: entry for entry in observed.distributions}
    line = minor_of(release)
    if _is_legacy(observed) and has_keras_3(release):
        yield from _legacy(subject, observed, line, found.get("tf-keras", {}).get("version"))
        return
    version = keras.get("version") or found.get("keras", {}).get("version")
    if version is not None and not _is_legacy(observed) and not keras_fits(release, version):
        needed = "3" if has_keras_3(release) else line
        spec = "keras>=3" if needed == "3" else f"keras={line}.*"
        if "keras" in observed.unowned:
            # conda's Keras over pip's would mix the files of both.
            spec = MARK + spec.replace("=2", "==2")
        message = f"TensorFlow {release} does not work with Keras {version}."
        remedy = Remedy(f"Install Keras {needed}.", subject.install(spec))
        yield Finding(Problem("keras-version", message, remedy, keras.get("error", {}).get("traceback")))
    elif "error" in keras:
        yield failures.not_imported(subject, observed, "Keras", "keras-failed", keras["error"])


def _is_legacy(observed: Observed) -> bool:
    return observed.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")


def _legacy(subject: Subject, observed: Observed, line: str, installed: str | None) -> Iterator[Finding]:
    """Find out why tf.keras is not Keras 2, although Keras 2 is enabled."""
    keras = observed.stages.get("keras", {})
    remedy = Remedy(f"Install tf-keras {line}.", subject.install(tf_keras_for(line)))
    if installed is None:
        message = "TF_USE_LEGACY_KERAS enables Keras 2, but its package tf-keras is not installed."
        yield Finding(Problem("legacy-keras", message, remedy))
    elif minor_of(installed) != line:
        message = f"tf-keras {installed} does not work with TensorFlow {line}."
        yield Finding(Problem("tf-keras-version", message, remedy))
    elif "error" in keras:
        yield failures.not_imported(subject, observed, "Keras", "keras-failed", keras["error"])
    elif minor_numbers(keras.get("version", "")) >= (3,):
        message = f"TF_USE_LEGACY_KERAS enables Keras 2, but tf.keras is Keras {keras['version']}."
        yield Finding(Problem("legacy-keras-ignored", message, remedy))


def settings(subject: Subject, observed: Observed) -> Iterator[Finding]:
    """Find settings of Keras from outside the environment because of which TensorFlow or Keras fails."""
    read = observed.stages.get("settings", {})
    texts = [failures.text_of(error) for error in observed.errors]
    values = read.get("values")
    if not texts:
        return
    if values is not None:
        wrong = _wrong(values)
        if wrong is not None and any("keras" in text for text in texts):
            message = f"Keras cannot use its settings in {read['path']}: {wrong}"
            remedy = Remedy(f"Correct the file {read['path']}, or delete it.")
            yield Finding(Problem("keras-settings", message, remedy), ("backend.py", "config.py", "_config"))
    named = read.get("variable") or (values.get("backend") if isinstance(values, dict) else None)
    if not isinstance(named, str) or named == "tensorflow" or _is_legacy(observed):
        return
    if any(named in text for text in texts):
        yield Finding(_backend(subject, read, named), (named,))


def _backend(subject: Subject, read: Mapping[str, Any], named: str) -> Problem:
    if not read.get("variable"):
        place = f"the file {read['path']}"
    elif os.environ.get(_BACKEND) == named:
        place = f"the variable {_BACKEND}, which was set where JupyterLab was started"
    else:
        place = f"the variable {_BACKEND} of this environment"
    return Problem(
        "keras-backend",
        f"Keras cannot use the backend “{named}”, which is set in {place}.",
        Remedy(
            "Let the kernel use TensorFlow as the backend, or correct the setting there.",
            kernelspec={"tensorflow_backend": True},
        ),
    )


def _wrong(values: object) -> str | None:
    """Return a sentence about what Keras does not accept in its file, or None."""
    if not isinstance(values, dict):
        return "the file must contain one JSON object."
    for name, accepted in _ACCEPTED.items():
        if name in values and values[name] not in accepted:
            return f"“{name}” is “{values[name]}”, but must be {', '.join(accepted[:-1])} or {accepted[-1]}."
    if "epsilon" in values and not isinstance(values["epsilon"], float):
        return f"“epsilon” is {values['epsilon']!r}, but must be a number with a decimal point."
    return None
