"""Packages that pip put in the place of conda's, and what TensorFlow asks of numpy and protobuf."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from ...tensorflow_packages import RIVALS
from .evidence import Observed, Subject
from .models import Problem, Remedy

_JUDGED = ("numpy", "protobuf")


def _by_pip(observed: Observed, found: dict[str, Any]) -> bool:
    """Return whether a Python package is not conda's of that name."""
    record = observed.conda.get(found["name"])
    return record is not None and (found["version"] != record["version"] or found["installer"] in ("pip", "uv"))


def two_tensorflows(subject: Subject, observed: Observed) -> Iterator[Problem]:
    """Find a TensorFlow of pip's over or beside conda's, or two of pip's."""
    builds = [found for found in observed.distributions if found["name"] in RIVALS]
    record = observed.conda.get("tensorflow")
    for found in builds:
        theirs = found["name"] == "tensorflow" and _by_pip(observed, found)
        beside = found["name"] != "tensorflow" and record is not None and found["installer"] in ("pip", "uv")
        if record is not None and (theirs or beside):
            yield Problem(
                "two-tensorflows",
                f"Two TensorFlows are mixed: conda's {record['version']} and pip's {found['name']} {found['version']}.",
                Remedy(
                    f"Run “pip uninstall {found['name']}” in this environment, then let conda's be put back: "
                    "make the environment anew from its history or with the same choices."
                ),
            )
            return
    if record is None and len({found["name"] for found in builds}) > 1:
        names = " and ".join(sorted({f"{found['name']} {found['version']}" for found in builds}))
        yield Problem(
            "two-tensorflows",
            f"Two TensorFlows are mixed: {names}, both of pip.",
            Remedy("Run “pip uninstall” for both, then install TensorFlow from here.", subject.install("tensorflow")),
        )


def out_of_range(subject: Subject, observed: Observed) -> Iterator[Problem]:
    """Find a numpy or protobuf that is not what the installed TensorFlow asks for."""
    found: dict[str, dict[str, Any]] = {}
    for entry in observed.distributions:
        found.setdefault(entry["name"], entry)
    for name, wanted in _asked(observed).items():
        entry = found.get(name, {})
        if not entry or all(_meets(entry["version"], name, spec) for spec in wanted):
            continue
        by_pip = _by_pip(observed, entry)
        whose = " by pip, over conda's" if by_pip else ""
        yield Problem(
            f"{name}-version",
            f"TensorFlow asks for {name} {', '.join(wanted)}, and {entry['version']} is installed{whose}.",
            Remedy(f"Run “pip uninstall {name}”, then install {name} from here again.")
            if by_pip
            else Remedy(f"Install a {name} that fits.", subject.install(f"{name}{wanted[0].replace(' ', '')}")),
        )


def _asked(observed: Observed) -> dict[str, list[str]]:
    """Return the version ranges of _JUDGED: by conda's record where TensorFlow is conda's, else by its metadata."""
    asked: dict[str, list[str]] = {}
    record = observed.conda.get("tensorflow-base") or observed.conda.get("tensorflow")
    tensorflow = [found for found in observed.distributions if found["requires"]]
    if record is not None and not any(_by_pip(observed, found) for found in tensorflow):
        for text in record["depends"]:
            name, _, rest = text.partition(" ")
            if name in _JUDGED and rest:
                asked.setdefault(name, []).append(rest.split(" ")[0])
        return asked
    for text in tensorflow[0]["requires"] if tensorflow else []:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if requirement.name in _JUDGED and requirement.specifier and _applies(requirement):
            asked.setdefault(requirement.name, []).append(str(requirement.specifier))
    return asked


def _applies(requirement: Requirement) -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def _meets(version: str, name: str, spec: str) -> bool:
    from ...conda.solving.specs import meets

    return meets(version, f"{name} {spec}")
