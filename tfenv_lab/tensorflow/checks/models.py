"""What a check says, in the REST contract's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Remedy:
    """What helps against a problem: a sentence, and what does it where that can be done from here.

    That is a plan request, or the body of a request to set something for the kernel.
    """

    message: str
    plan_request: dict[str, Any] | None = None
    kernelspec: dict[str, bool] | None = None


@dataclass(frozen=True)
class Problem:
    """What is wrong with an environment, in words, under a code that stays the same."""

    code: str
    message: str
    remedy: Remedy | None = None


@dataclass(frozen=True)
class Check:
    """The result of running TensorFlow in an environment; ``ok`` where no problem was found.

    ``python``, ``tensorflow`` and ``keras`` are versions, None where it did not get so far; ``devices`` have
    ``name`` and ``type``; ``output`` is the end of what the run itself wrote.
    """

    ok: bool
    python: str | None
    tensorflow: str | None
    keras: str | None
    devices: list[dict[str, str]]
    seconds: float
    problems: list[Problem]
    output: str
