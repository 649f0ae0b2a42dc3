"""Warn about an environment's TensorFlow, judging only by names and versions, without running anything."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..environments.models import AvailableUpdate
from ..models import Advice
from ..plan_requests import Install, PlanRequest, Repair, Update
from ..sentences import say, some
from ..tensorflow_packages import has_keras_3, keras_fits, keras_for, tf_keras_for
from ..versions import minor_of

if TYPE_CHECKING:
    from ..environments.models import EnvironmentFacts, Keras


@dataclass(frozen=True)
class Known:
    """Data in memory about the machine and the channels.

    ``cuda`` is the CUDA version of the driver, or None if there is no driver. ``update`` is what the channels offer.
    ``cuda_release`` is the release whose CUDA build for this Python runs on this machine; the installed release, if it
    has one.
    """

    cuda: str | None = None
    update: AvailableUpdate = field(default_factory=AvailableUpdate)
    cuda_release: str | None = None


def advise(facts: EnvironmentFacts, known: Known) -> Iterator[Advice]:
    """Yield the warnings, most severe first. Uses neither disk nor network, so it is quick enough for a list."""
    if facts.problems:
        return
    yield from _pip_over_conda(facts)
    yield from _keras(facts)
    yield from _hardware(facts, known)
    yield from _update(facts, known)


def _pip_over_conda(facts: EnvironmentFacts) -> Iterator[Advice]:
    replaced = [(package, facts.packages[package.name]) for package in facts.pypi if package.name in facts.packages]
    for package, stem in replaced:
        if package.name == "tensorflow":
            yield Advice(
                "two-tensorflows",
                "warning",
                say(
                    "pip installed TensorFlow {version} over conda's {version_2}, so the files of "
                    "both are mixed. A repair removes pip's TensorFlow, and restores conda's.",
                    version=package.version,
                    version_2=stem.version,
                ),
                Repair(facts.id),
            )
    others = [
        say(
            "{name} {version} (conda's is {version_2})",
            name=package.name,
            version=package.version,
            version_2=stem.version,
        )
        for package, stem in replaced
    ]
    others = [text for text in others if not text.startswith("tensorflow ")]
    if others:
        yield Advice(
            "pip-over-conda",
            "warning",
            say(
                "pip replaced packages that conda installed: {others}. TensorFlow may not work with "
                "them. A repair restores conda's.",
                others=some(others, 3),
            ),
            Repair(facts.id),
        )


def _keras(facts: EnvironmentFacts) -> Iterator[Advice]:
    tensorflow, keras = facts.tensorflow, facts.keras
    if tensorflow is None:
        return
    if keras is not None and not keras_fits(tensorflow.version, keras.version):
        wanted = "3" if has_keras_3(tensorflow.version) else minor_of(tensorflow.version)
        yield Advice(
            "keras-mismatch",
            "warning",
            say(
                "TensorFlow {version} needs Keras {wanted}, but Keras {version_2} is installed.",
                version=tensorflow.version,
                wanted=wanted,
                version_2=keras.version,
            ),
            _replacing(facts, keras, "keras", keras_for(tensorflow.version)),
        )
    legacy = facts.tf_keras
    if legacy is not None and minor_of(legacy.version) != minor_of(tensorflow.version):
        yield Advice(
            "tf-keras-mismatch",
            "warning",
            say(
                "tf-keras {version} does not work with TensorFlow {version_2}.",
                version=legacy.version,
                version_2=tensorflow.version,
            ),
            _replacing(facts, legacy, "tf-keras", tf_keras_for(tensorflow.version)),
        )


def _hardware(facts: EnvironmentFacts, known: Known) -> Iterator[Advice]:
    tensorflow = facts.tensorflow
    if known.cuda is None or tensorflow is None or tensorflow.source != "conda" or tensorflow.variant != "cpu":
        return
    message = say("This TensorFlow is a CPU-only build, but this machine has a GPU (CUDA {cuda}).", cuda=known.cuda)
    if known.cuda_release is None:
        message = say("{message} The channels have no build for this GPU and this Python.", message=message)
        yield Advice("cpu-build-with-gpu", "info", message)
        return
    request = _install(facts, f"tensorflow={known.cuda_release}=cuda*")
    yield Advice("cpu-build-with-gpu", "warning", message, request)


def _update(facts: EnvironmentFacts, known: Known) -> Iterator[Advice]:
    if known.update.tensorflow is not None:
        request = Update(facts.id, ("tensorflow",))
        yield Advice(
            "update", "info", say("TensorFlow {tensorflow} is available.", tensorflow=known.update.tensorflow), request
        )


def _replacing(facts: EnvironmentFacts, present: Keras, name: str, spec: str) -> PlanRequest:
    """Return the request that replaces a Keras from its own source: conda's over pip's would mix their files."""
    if present.source == "conda":
        return _install(facts, spec)
    from ..pypi.requirements import as_project

    return Repair(facts.id) if name in facts.packages else _install(facts, as_project(spec))


def _install(facts: EnvironmentFacts, spec: str) -> Install:
    return Install(facts.id, (spec,))
