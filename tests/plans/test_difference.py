"""Test the one-line summary of a plan."""

from __future__ import annotations

from tfenv_lab.models import Coming
from tfenv_lab.plans.difference import summary
from tfenv_lab.plans.models import Entry


def _added(name: str, requested: bool = True) -> Entry:
    coming: Coming = {"version": "1.0", "build": "0", "channel": None, "size": None, "parts": []}
    return Entry(action="install", name=name, from_=None, to=coming, requested=requested)


def test_the_summary_names_the_first_requested_packages_and_counts_the_rest() -> None:
    asked = map(_added, ("tensorflow", "keras", "python", "ipykernel", "pandas", "pip"))
    lines = [*asked, _added("zlib", requested=False)]
    assert summary(lines) == "tensorflow 1.0, keras 1.0, python 1.0, ipykernel 1.0 and 2 more; 1 added"
    assert summary([]) == "No packages changed"
