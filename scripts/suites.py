"""The suites of ``make test``, and how to read their reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from reports import Count, read_jest, read_junit
from setup import ROOT

REPORTS = ROOT / ".reports"
#: Number of processes that run tests: one more than processors, because many tests wait for processes and servers.
WORKERS = str((os.cpu_count() or 1) + 1)


@dataclass(frozen=True)
class Suite:
    """A command, and how to read its report (without a report, the command counts as one check).

    ``channel`` says what the suite's channel must have: ``python`` (the index has TensorFlow) or ``tensorflow``. If
    ``is_small`` is true, its temporary files can be in memory. If ``is_paired`` is true, the suite leaves much of a
    processor idle, so it runs beside another one like it.
    """

    name: str
    command: tuple[str, ...]
    report: Path | None = None
    read: Callable[[Path], Count] | None = None
    folder: Path = ROOT
    channel: str | None = None
    is_small: bool = False
    is_paired: bool = False


def suites() -> list[Suite]:
    """Return all suites: the quick ones first, and those that run in pairs last, the longest of them first."""
    junit, jest, galata = REPORTS / "pytest.xml", REPORTS / "jest.json", REPORTS / "galata.xml"
    real = REPORTS / "real.xml"
    python = sys.executable
    return [
        Suite("ruff", (python, "-m", "ruff", "check", ".")),
        Suite("ruff-format", (python, "-m", "ruff", "format", "--check", ".")),
        Suite("mypy", (python, "-m", "mypy")),
        Suite("imports", ("lint-imports", "--no-cache")),
        # Warnings are errors, among them links to pages and headings that do not exist.
        Suite("docs", (python, "-m", "sphinx", "-W", "--keep-going", "-q", "docs", "docs/_build")),
        Suite("lint", ("jlpm", "lint:check")),
        Suite("ui-tests", ("jlpm", "lint"), folder=ROOT / "ui-tests"),
        # Only ratios of processor times, so that other programs do not matter.
        Suite("benchmarks", (python, "-m", "benchmarks", "guard", "--check")),
        Suite(
            "pytest",
            (
                python,
                "-m",
                "pytest",
                "-q",
                "-n",
                WORKERS,
                "--ignore=tests/real",
                "--ignore=tests/installed",
                f"--junitxml={junit}",
            ),
            junit,
            read_junit,
            is_small=True,
        ),
        Suite("jest", ("jlpm", "jest", "--json", f"--outputFile={jest}"), jest, read_jest),
        Suite(
            "galata",
            ("jlpm", "playwright", "test"),
            galata,
            read_junit,
            folder=ROOT / "ui-tests",
            channel="python",
            is_paired=True,
        ),
        Suite(
            "real",
            (python, "-m", "pytest", "-q", "tests/real", f"--junitxml={real}"),
            real,
            read_junit,
            channel="tensorflow",
            is_paired=True,
        ),
        *map(installed, ("package", "lowest", "newest", "pythons")),
        Suite("smoke", (python, "scripts/smoke.py"), channel="python", is_paired=True),
    ]


def installed(name: str) -> Suite:
    """Return a suite of ``tests/installed``: ``package``, or one that installs the package."""
    tests: dict[str, tuple[str, ...]] = {
        "package": ("tests/installed", "--ignore=tests/installed/test_installed.py"),
        "pythons": ("tests/installed/test_installed.py", "-k", "not lowest and not newest"),
    }
    report = REPORTS / f"{name}.xml"
    chosen = tests.get(name, ("tests/installed/test_installed.py", "-k", name))
    command = (sys.executable, "-m", "pytest", "-q", "-rs", *chosen, f"--junitxml={report}")
    return Suite(name, command, report, read_junit, is_small=True, is_paired=True)


def measured(suite: Suite) -> Suite:
    """Return a pytest suite that also measures the coverage of tfenv_lab, including subprocesses."""
    python, *command = suite.command
    return replace(suite, command=(python, "-m", "coverage", "run", *command))
