"""Test the fields of errors, and that errors survive the transfer from a worker to its server."""

from __future__ import annotations

import pytest

from tfenv_lab import errors
from tfenv_lab.errors import JobFailed, NoSpace, NotFound, TfenvError, from_json

from .contract import check_schema

CLASSES = errors.subclasses(TfenvError)


@pytest.mark.parametrize("cls", CLASSES)
def test_the_json_matches_the_contract(cls: type[TfenvError]) -> None:
    check_schema("Error", cls("It happened.", "the log", "Do this.").to_json())
    check_schema("Error", cls("It happened.").to_json())


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if cls is not TfenvError])
def test_an_error_is_the_same_after_json(cls: type[TfenvError]) -> None:
    error = cls("It happened.", "the log", "Do this.")
    back = from_json(error.to_json())
    assert (type(back), back.to_json()) == (cls, error.to_json())


def test_a_class_has_a_default_hint_that_an_error_can_override() -> None:
    assert (NoSpace("The disk is full.").hint or "").startswith("Free some disk space, then try again.")
    assert NoSpace("The disk is full.", hint="Take fewer packages.").hint == "Take fewer packages."
    assert NotFound("There is no such job.").hint is None


def test_an_error_with_an_unknown_reason_is_a_failed_job() -> None:
    back = from_json({"reason": "of-tomorrow", "message": "It happened."})
    assert (type(back), back.message, back.hint, back.details) == (JobFailed, "It happened.", None, None)


def test_an_error_that_the_same_request_causes_again_is_lasting() -> None:
    lasting = {cls.reason for cls in CLASSES if cls("It happened.").to_json()["lasting"]}
    passing = {cls.reason for cls in CLASSES} - lasting
    assert {"protected", "not-found", "unsatisfiable", "build-needed", "prefix-exists"} <= lasting
    assert {"channel-unreachable", "prefix-busy", "stale-plan", "no-space", "solver-timeout", "failed"} <= passing
