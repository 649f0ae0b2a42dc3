"""Models of a check, as in the REST contract."""

from __future__ import annotations

from dataclasses import dataclass, field

from ...conda.machine.nvml import Gpu
from ...plan_requests import PlanRequest
from ...sentences import Translatable


@dataclass(frozen=True)
class Remedy(Translatable):
    """The remedy for a problem: a sentence and, if the server can apply it, a request.

    The request is a plan request, or the body of a request for kernel settings.
    """

    message: str
    plan_request: PlanRequest | None = None
    kernelspec: dict[str, bool] | None = None


@dataclass(frozen=True)
class Problem(Translatable):
    """A problem of an environment: a sentence, a code that never changes, and the traceback of an error, if any."""

    code: str
    message: str
    remedy: Remedy | None = None
    details: str | None = None


@dataclass(frozen=True)
class Device:
    """A device that TensorFlow computes on; ``type`` is TensorFlow's, such as ``GPU``."""

    name: str
    type: str


@dataclass(frozen=True)
class Check:
    """The result of running TensorFlow inside an environment; ``ok`` is True if it found no problem.

    ``python``, ``tensorflow`` and ``keras`` are versions, or None if the run ended before they were known. ``tf_keras``
    is True if that Keras is tf-keras. ``gpus`` are those that the driver has. ``output`` is the end of the run's
    output.
    """

    ok: bool
    python: str | None
    tensorflow: str | None
    keras: str | None
    devices: list[Device]
    seconds: float
    problems: list[Problem]
    output: str
    tf_keras: bool = False
    gpus: list[Gpu] = field(default_factory=list)
