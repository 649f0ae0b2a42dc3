"""Count the results of a test suite in its report."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

COLOR = re.compile(r"\x1b\[[\d;]*m")


@dataclass
class Count:
    """The results of a suite; ``failures`` lists the names of failed tests."""

    passed: int = 0
    skipped: int = 0
    failures: list[str] = field(default_factory=list)


def read_junit(path: Path) -> Count:
    """Count the tests in a JUnit XML file (pytest, Playwright)."""
    count = Count()
    for case in ElementTree.parse(path).iter("testcase"):  # noqa: S314 - written by our own runner
        fault = next((part for part in case if part.tag in ("failure", "error")), None)
        if fault is not None:
            count.failures.append(f"{case.get('classname')}: {case.get('name')}: {reason(fault)}")
        elif case.find("skipped") is not None:
            count.skipped += 1
        else:
            count.passed += 1
    return count


def reason(fault: ElementTree.Element) -> str:
    """Return the line of a failure that says what went wrong, without the colors of a terminal."""
    lines = [COLOR.sub("", line).strip() for line in f"{fault.get('message')}\n{fault.text}".splitlines()]
    # Playwright names the place first and the error later; pytest begins with the error.
    return next((line for line in lines if "Error" in line), lines[0])[:200]


def read_jest(path: Path) -> Count:
    """Count the tests in a JSON report of Jest. A file that cannot be loaded counts as one failure."""
    count = Count()
    for file in json.loads(path.read_text())["testResults"]:
        name = Path(file["name"]).name
        if file["status"] == "failed" and not any(case["status"] == "failed" for case in file["assertionResults"]):
            count.failures.append(f"{name}: {file['message'].strip()}")
        for case in file["assertionResults"]:
            if case["status"] == "passed":
                count.passed += 1
            elif case["status"] == "failed":
                count.failures.append(f"{name}: {case['fullName']}")
            else:
                count.skipped += 1
    return count
