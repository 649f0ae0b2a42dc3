"""Test the commands that answer questions about environments: ``why`` and ``history``."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.prefixes import add_record, make_prefix

from ..tiny_tensorflow import PYTHON
from .conftest import Shell

_HISTORY = "==> 2025-01-01 10:00:00 <==\n# cmd: conda create\n# update specs: ['pandas>=2']\n"


@pytest.fixture
def prefix(clean_home: Path) -> Path:
    made = make_prefix(clean_home / ".conda/envs/tf", history=_HISTORY, python="3.11.9")
    add_record(made, "pandas-2.2.0-py311_0", depends=["numpy >=1.26"])
    add_record(made, "numpy-2.1.0-py311_0", depends=["libblas"])
    return made


def test_why_says_what_needs_a_package_and_what_it_needs(shell: Shell, prefix: Path) -> None:
    status, out, _ = shell.run("why", "tf", "numpy")
    assert (status, out.splitlines()) == (0, [
        "numpy 2.1.0: not requested, needed because of pandas → numpy",
        "Needed by:",
        "  pandas 2.2.0  (>=1.26)",
        "Needs:",
        "  libblas not installed",
    ])  # fmt: skip
    _, out, _ = shell.run("why", "tf", "pandas")
    assert out.splitlines()[:2] == ["pandas 2.2.0: requested (pandas>=2)", "Needed by: nothing"]
    assert shell.json("why", "tf", "numpy")["needed_by"][0]["name"] == "pandas"


def test_why_of_a_package_that_is_not_installed(shell: Shell, prefix: Path) -> None:
    status, _, err = shell.run("why", "tf", "scipy")
    assert (status, err) == (3, "“scipy” is not installed in this environment.\n")


def test_the_history_with_notes(shell: Shell, clean_home: Path) -> None:
    shell.json("create", "tf", "--no-tensorflow", f"--python={PYTHON}", "numpy=2.1")
    shell.json("install", "tf", "pandas")
    shell.json("note", "tf", "1", "For the course")
    _, out, _ = shell.run("history", "tf")
    newest = out.splitlines()[1]
    assert newest.startswith("1 ")
    assert "Install pandas" in newest
    assert "For the course" in newest
    assert shell.json("note", "tf", "1")["note"] is None
    assert shell.run("note", "tf", "9", "x")[0] == 3
    assert shell.json("revert", "tf", "0", "--into=before")["state"] == "succeeded"
    assert [revision["kind"] for revision in shell.json("history", "before")["revisions"]] == ["revert"]


def test_the_environments_with_a_package(shell: Shell, prefix: Path) -> None:
    _, out, _ = shell.run("list", "--package=numpy")
    assert [line.split() for line in out.splitlines()] == [["name", "numpy", "path"], ["tf", "2.1.0", str(prefix)]]
    assert shell.json("list", "--package=numpy")["packages"][0]["version"] == "2.1.0"
    assert shell.run("list", "--package=scipy")[1] == "No environment has “scipy”.\n"


def test_two_environments_and_two_revisions_compared(shell: Shell, prefix: Path) -> None:
    make_prefix(prefix.parent / "other", ["pandas-2.3.0-py311_0"], python="3.11.9")
    status, out, _ = shell.run("diff", "tf", "other")
    assert (status, [line.split() for line in out.splitlines()]) == (0, [
        ["package", "tf", "other"],
        ["numpy", "2.1.0", "py311_0", "-"],
        ["pandas", "2.2.0", "py311_0", "2.3.0", "py311_0"],
        ["1", "package", "is", "the", "same."],
    ])  # fmt: skip
    shell.json("create", "made", "--no-tensorflow", f"--python={PYTHON}", "numpy=2.1")
    shell.json("update", "made", "numpy")
    shell.json("revert", "made", "0")
    assert [each["name"] for each in shell.json("diff", "made@0", "made@1")["differences"]] == ["numpy"]
    assert shell.json("diff", "made@0", "made@2")["differences"] == []
    status, _, err = shell.run("diff", "made@7")
    assert (status, err) == (3, "“made” has no revision 7.\n")
    assert shell.run("diff", "made")[0] == 2
    assert shell.run("diff", "made@x")[0] == 2
