"""Test the summary before the solver's explanation."""

from __future__ import annotations

import pytest

from tfenv_lab.conda.solving.explanation import summarized

ONE = """Cannot solve the request because of: tensorflow 2.15.* cannot be installed because there are no viable options:
├─ tensorflow 2.15.0 would require
│  └─ __cuda *, for which no candidates were found.
└─ tensorflow 2.15.0 would require
   └─ keras >=2.15,<2.16, for which no candidates were found."""
TWO = """The following packages are incompatible
├─ keras 3.5.* can be installed with any of the following options:
│  └─ keras 3.5.0
└─ tensorflow 2.15.* cannot be installed because there are no viable options:
   └─ tensorflow 2.15.0 would require
      └─ keras >=2.15,<2.16, which conflicts with any installable versions previously reported."""


@pytest.mark.parametrize(
    ("text", "requested", "obstacle", "lines"),
    [
        (ONE, "tensorflow 2.15.*", "keras >=2.15,<2.16, for which no candidates were found", 5),
        (
            TWO,
            "keras 3.5.*; tensorflow 2.15.*",
            "keras >=2.15,<2.16, which conflicts with any installable versions previously reported",
            6,
        ),
    ],
)
def test_three_lines_stand_before_the_tree(text: str, requested: str, obstacle: str, lines: int) -> None:
    first, second, third, empty, *tree = summarized(text).splitlines()
    assert first == f"Cannot be installed together: {requested}."
    assert second == f"The last obstacle: {obstacle}."
    assert third == f"The solver's whole explanation has {lines} lines:"
    assert empty == ""
    assert len(tree) == lines


def test_many_requested_packages_are_counted() -> None:
    roots = "\n".join(f"├─ p{number} * cannot be installed" for number in range(7))
    first = summarized(f"The following packages are incompatible\n{roots}").splitlines()[0]
    assert first == "Cannot be installed together: p0 *; p1 *; p2 *; p3 *; p4 * and 2 more."


def test_a_short_explanation_stays_as_it_is() -> None:
    text = "No candidates were found for tensorfow *."
    assert summarized(f"Cannot solve the request because of: {text}\n") == text
