"""Find the problems of an environment in the results of the probe, each with its remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from ...sentences import say
from . import damage, failures, gpu, keras, outside, requirements
from .evidence import Finding, Observed, Subject
from .models import Problem

Finder = Callable[[Subject, Observed], Iterator[Finding]]


def find(subject: Subject, observed: Observed) -> Iterator[Problem]:
    """Yield the problems, causes before consequences, and each code only once.

    A consequence of another problem is left out; the other problem gets its details, the traceback of the error.
    """
    everything = [found for finder in _FINDERS for found in finder(subject, observed)]
    told: dict[str, Problem] = {}
    for found in everything:
        problem = found.problem
        if found.text is not None:
            problem = next((cause.problem for cause in everything if _explains(cause, found.text)), problem)
        known = told.setdefault(problem.code, problem)
        if known.details is None and found.problem.details is not None:
            told[problem.code] = replace(known, details=found.problem.details)
    yield from told.values()


def _explains(cause: Finding, text: str) -> bool:
    return cause.text is None and any(mark in text for mark in cause.marks)


def _computing(subject: Subject, observed: Observed) -> Iterator[Finding]:
    for stage, words in (
        ("devices", say("TensorFlow cannot list its devices")),
        ("compute", say("A small computation failed")),
    ):
        error = observed.stages.get(stage, {}).get("error")
        # The computation uses Keras, whose problem was already reported.
        if error is not None and "error" not in observed.stages.get("keras", {}):
            problem = Problem(
                f"{stage}-failed",
                say("{what}: {error}", what=words, error=error["message"][:300]),
                details=error["traceback"],
            )
            yield Finding(problem, text=failures.text_of(error))
            return


_FINDERS: tuple[Finder, ...] = (
    outside.kernel,
    outside.shadowed,
    keras.settings,
    requirements.two_tensorflows,
    requirements.unmet,
    damage.find,
    failures.find,
    keras.find,
    gpu.find,
    _computing,
)
