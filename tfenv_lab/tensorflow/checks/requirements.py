"""Find conda packages that pip replaced, and versions of numpy and protobuf that TensorFlow does not support."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from packaging.requirements import InvalidRequirement, Requirement

from ...tensorflow_packages import RIVALS
from .evidence import Observed, Subject
from .models import Problem, Remedy

_JUDGED = ("numpy", "protobuf")


def _by_pip(observed: Observed, found: dict[str, Any]) -> bool:
    """Return whether pip replaced the conda package of that name with this Python package."""
    record = observed.conda.get(found["name"])
    return record is not None and (found["version"] != record["version"] or found["installer"] in ("pip", "uv"))


def two_tensorflows(subject: Subject, observed: Observed) -> Iterator[Problem]:
    """Find a TensorFlow that pip installed over or next to conda's, or two from pip."""
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
                    f"Run “pip uninstall {found['name']}” in this environment. Then reinstall conda's TensorFlow: "
                    "create the environment again with the same choices."
                ),
            )
            return
    if record is None and len({found["name"] for found in builds}) > 1:
        names = " and ".join(sorted({f"{found['name']} {found['version']}" for found in builds}))
        yield Problem(
            "two-tensorflows",
            f"Two TensorFlows are mixed: {names}, both installed by pip.",
            Remedy(
                "Run “pip uninstall” for both, then install TensorFlow as a conda package.",
                subject.install("tensorflow"),
            ),
        )


def out_of_range(subject: Subject, observed: Observed) -> Iterator[Problem]:
    """Find a numpy or protobuf that does not meet the requirements of the installed TensorFlow."""
    found: dict[str, dict[str, Any]] = {}
    for entry in observed.distributions:
        found.setdefault(entry["name"], entry)
    for name, wanted in _asked(observed).items():
        entry = found.get(name, {})
        if not entry or all(_meets(entry["version"], name, spec) for spec in wanted):
            continue
        by_pip = _by_pip(observed, entry)
        whose = " (by pip, over conda's)" if by_pip else ""
        yield Problem(
            f"{name}-version",
            f"TensorFlow needs {name} {', '.join(wanted)}, but {entry['version']} is installed{whose}.",
            Remedy(f"Run “pip uninstall {name}”, then install {name} again as a conda package.")
            if by_pip
            else Remedy(f"Install a {name} that fits.", subject.install(f"{name}{wanted[0].replace(' ', '')}")),
        )


def _asked(observed: Observed) -> dict[str, list[str]]:
    """Return the required versions of the packages in _JUDGED.

    They are those of conda's record if conda installed TensorFlow, otherwise those of TensorFlow's own metadata.
    """
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
