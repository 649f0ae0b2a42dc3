"""Check a fake environment, and verify the result."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tfenv_lab.plan_requests import Install
from tfenv_lab.tensorflow.checks.check import check
from tfenv_lab.tensorflow.checks.evidence import Subject
from tfenv_lab.tensorflow.checks.models import Check, Problem

from .fake_environment import FakeEnvironment


def run(
    environment: FakeEnvironment,
    *,
    variables: Mapping[str, str] | None = None,
    kernel: str | None = None,
    cuda: str | None = None,
    limit: float = 30,
) -> Check:
    subject = Subject(environment.prefix, "e1", variables or {}, kernel, cuda)
    return asyncio.run(check(subject, limit))


def only(result: Check) -> Problem:
    """Return the only problem of a check."""
    assert len(result.problems) == 1, result
    assert not result.ok
    return result.problems[0]


def specs(problem: Problem) -> list[str]:
    """Return the specs of a problem's remedy, which must be an install."""
    assert problem.remedy is not None
    assert isinstance(problem.remedy.plan_request, Install)
    return list(problem.remedy.plan_request.specs)
