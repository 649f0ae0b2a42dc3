"""Find out why tf.keras is not the Keras that the user expects, or does not work."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from ...pypi.requirements import as_project
from ...sentences import say
from ...tensorflow_packages import has_keras_3, keras_fits, keras_for, tf_keras_for
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
        message = say("TensorFlow {release} does not work with Keras {version}.", release=release, version=version)
        remedy = _remedy(subject, observed, "keras", keras_for(release), say("Install Keras {needed}.", needed=needed))
        yield Finding(Problem("keras-version", message, remedy, keras.get("error", {}).get("traceback")))
    elif "error" in keras:
        yield failures.not_imported(subject, observed, "Keras", "keras-failed", keras["error"])


def _remedy(subject: Subject, observed: Observed, name: str, spec: str, message: str) -> Remedy:
    """Return the remedy that replaces a Keras from its own source: conda's over pip's would mix their files."""
    if name not in observed.unowned:
        return Remedy(message, subject.install(spec))
    if name in observed.conda:
        return Remedy(say("Restore conda's {name}.", name=name), subject.repair())
    return Remedy(message, subject.install(as_project(spec)))


def _is_legacy(observed: Observed) -> bool:
    return observed.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")


def _legacy(subject: Subject, observed: Observed, line: str, installed: str | None) -> Iterator[Finding]:
    """Find out why tf.keras is not Keras 2, although Keras 2 is enabled."""
    keras = observed.stages.get("keras", {})
    remedy = _remedy(subject, observed, "tf-keras", tf_keras_for(line), say("Install tf-keras {line}.", line=line))
    if installed is None:
        message = say("TF_USE_LEGACY_KERAS enables Keras 2, but its package tf-keras is not installed.")
        yield Finding(Problem("legacy-keras", message, remedy))
    elif minor_of(installed) != line:
        message = say("tf-keras {installed} does not work with TensorFlow {line}.", installed=installed, line=line)
        yield Finding(Problem("tf-keras-version", message, remedy))
    elif "error" in keras:
        yield failures.not_imported(subject, observed, "Keras", "keras-failed", keras["error"])
    elif minor_numbers(keras.get("version", "")) >= (3,):
        message = say("TF_USE_LEGACY_KERAS enables Keras 2, but tf.keras is Keras {version}.", version=keras["version"])
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
            message = say("Keras cannot use its settings in {path}: {wrong}", path=read["path"], wrong=wrong)
            remedy = Remedy(say("Correct the file {path}, or delete it.", path=read["path"]))
            yield Finding(Problem("keras-settings", message, remedy), ("backend.py", "config.py", "_config"))
    named = read.get("variable") or (values.get("backend") if isinstance(values, dict) else None)
    if not isinstance(named, str) or named == "tensorflow" or _is_legacy(observed):
        return
    if any(named in text for text in texts):
        yield Finding(_backend(subject, read, named), (named,))


def _backend(subject: Subject, read: Mapping[str, Any], named: str) -> Problem:
    if not read.get("variable"):
        place = say("the file {path}", path=read["path"])
    elif os.environ.get(_BACKEND) == named:
        place = say("the variable {backend}, which was set where JupyterLab was started", backend=_BACKEND)
    else:
        place = say("the variable {backend} of this environment", backend=_BACKEND)
    return Problem(
        "keras-backend",
        say("Keras cannot use the backend “{named}”, which is set in {place}.", named=named, place=place),
        Remedy(
            say("Let the kernel use TensorFlow as the backend, or correct the setting there."),
            kernelspec={"tensorflow_backend": True},
        ),
    )


def _wrong(values: object) -> str | None:
    """Return a sentence about what Keras does not accept in its file, or None."""
    if not isinstance(values, dict):
        return say("the file must contain one JSON object.")
    for name, accepted in _ACCEPTED.items():
        if name in values and values[name] not in accepted:
            return say(
                "“{name}” is “{values}”, but must be {accepted} or {accepted_2}.",
                name=name,
                values=values[name],
                accepted=", ".join(accepted[:-1]),
                accepted_2=accepted[-1],
            )
    if "epsilon" in values and not isinstance(values["epsilon"], float):
        return say(
            "“epsilon” is {epsilon}, but must be a number with a decimal point.", epsilon=f"{values['epsilon']!r}"
        )
    return None
