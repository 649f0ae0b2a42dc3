"""Add the problems that extensions find to the result of a check."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ... import extensions
from .models import Check, Problem


def completed(check: Check, prefix: Path) -> tuple[Check, list[str]]:
    """Return a check with the problems that extensions find, and what is wrong with extensions. Blocks while they run.

    A faulty extension does not change the result.
    """
    environment = extensions.CheckedEnvironment(prefix, check.python, check.tensorflow, check.output)
    found, faults = extensions.findings(environment)
    problems = [*check.problems, *(Problem(each.code, each.message, details=each.details) for each in found)]
    return replace(check, ok=not problems, problems=problems), faults
