"""Count the results of a test suite in its report."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree


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
        if case.find("failure") is not None or case.find("error") is not None:
            count.failures.append(f"{case.get('classname')}: {case.get('name')}")
        elif case.find("skipped") is not None:
            count.skipped += 1
        else:
            count.passed += 1
    return count


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
