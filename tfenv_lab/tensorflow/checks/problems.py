"""Find the problems of an environment in the results of the probe, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from ...tensorflow_packages import has_keras_3, keras_fits, tf_keras_for
from ...versions import minor_numbers, minor_of
from . import failures, gpu, requirements
from .evidence import Observed, Subject
from .models import Problem, Remedy

Finder = Callable[[Subject, Observed], Iterator[Problem]]


def find(subject: Subject, observed: Observed) -> Iterator[Problem]:
    """Yield the problems, causes before consequences, and each code only once."""
    told: set[str] = set()
    for finder in _FINDERS:
        for problem in finder(subject, observed):
            if problem.code not in told:
                told.add(problem.code)
                yield problem


def _kernel(subject: Subject, observed: Observed) -> Iterator[Problem]:
    if subject.kernel is None:
        return
    kernel = Path(subject.kernel)
    if kernel.is_absolute() and not kernel.is_relative_to(subject.prefix):
        yield Problem(
            "kernel-python",
            f"The kernel of this environment starts another Python: {kernel}.",
            Remedy("Register the kernel again.", kernelspec={}),
        )


def _shadowed(subject: Subject, observed: Observed) -> Iterator[Problem]:
    """Find modules that come from outside the environment."""
    roots = (subject.prefix, subject.prefix.resolve())
    user = observed.stages.get("interpreter", {}).get("user_site")
    entries = [entry for entry in observed.environ.get("PYTHONPATH", "").split(":") if entry]
    places = {
        name: str(Path(stage["file"]).parent.parent)
        for name in ("tensorflow", "keras")
        if (stage := observed.stages.get(name, {})).get("file")
    }
    for found in observed.distributions:
        places.setdefault(found["name"], found["location"])
    for name, place in places.items():
        if any(Path(place).is_relative_to(root) for root in roots):
            continue
        if user is not None and place == user:
            yield Problem(
                "user-site",
                f"{name} does not come from this environment but from {user}, where “pip install --user” put it.",
                Remedy("Let the kernel ignore the packages in that directory.", kernelspec={"ignore_user_site": True}),
            )
        elif any(Path(place).is_relative_to(entry) for entry in entries):
            yield Problem(
                "pythonpath",
                f"{name} does not come from this environment but from {place}, which is in PYTHONPATH.",
                Remedy("Unset PYTHONPATH before you start JupyterLab."),
            )


def _keras(subject: Subject, observed: Observed) -> Iterator[Problem]:
    release = observed.stages.get("tensorflow", {}).get("version")
    if release is None:
        return
    keras = observed.stages.get("keras", {})
    found = {entry["name"]: entry for entry in observed.distributions}
    line = minor_of(release)
    legacy = observed.environ.get("TF_USE_LEGACY_KERAS", "").lower() in ("1", "true")
    if legacy and "tf-keras" not in found and has_keras_3(release):
        yield Problem(
            "legacy-keras",
            "TF_USE_LEGACY_KERAS enables Keras 2, but its package tf-keras is not installed.",
            Remedy(f"Install tf-keras {line}.", subject.install(tf_keras_for(line))),
        )
        return
    if legacy and has_keras_3(release):
        yield from _legacy(subject, observed, line)
        return
    version = keras.get("version") if not legacy else None
    version = version or found.get("keras", {}).get("version")
    if version is not None and not legacy and not keras_fits(release, version):
        spec = "keras>=3" if has_keras_3(release) else f"keras={line}.*"
        yield Problem(
            "keras-version",
            f"TensorFlow {release} does not work with Keras {version}.",
            Remedy(f"Install {spec.replace('=', ' ', 1)}.", subject.install(spec)),
        )
    elif "error" in keras:
        yield Problem("keras-failed", f"Keras cannot be used: {keras['error']['message'][:300]}")


def _legacy(subject: Subject, observed: Observed, line: str) -> Iterator[Problem]:
    """Find out why tf.keras is not Keras 2, although Keras 2 is enabled and installed."""
    keras = observed.stages.get("keras", {})
    installed = next(entry["version"] for entry in observed.distributions if entry["name"] == "tf-keras")
    remedy = Remedy(f"Install tf-keras {line}.", subject.install(tf_keras_for(line)))
    if minor_of(installed) != line:
        message = f"tf-keras {installed} does not work with TensorFlow {line}."
        yield Problem("tf-keras-version", message, remedy)
    elif "error" in keras:
        yield Problem("keras-failed", f"Keras cannot be used: {keras['error']['message'][:300]}")
    elif minor_numbers(keras.get("version", "")) >= (3,):
        yield Problem(
            "legacy-keras-ignored",
            f"TF_USE_LEGACY_KERAS enables Keras 2, but tf.keras is Keras {keras['version']}.",
            remedy,
        )


def _computing(subject: Subject, observed: Observed) -> Iterator[Problem]:
    for stage, words in (("devices", "TensorFlow cannot list its devices"), ("compute", "A small computation failed")):
        error = observed.stages.get(stage, {}).get("error")
        # The computation uses Keras, whose problem was already reported.
        if error is not None and "error" not in observed.stages.get("keras", {}):
            yield Problem(f"{stage}-failed", f"{words}: {error['message'][:300]}")
            return


_FINDERS: tuple[Finder, ...] = (
    _kernel,
    _shadowed,
    requirements.two_tensorflows,
    requirements.out_of_range,
    failures.find,
    _keras,
    gpu.find,
    _computing,
)
