"""Warn about the consequences of a plan before it is applied."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from msgspec.structs import replace

from .. import plan_requests
from ..errors import InvalidName
from ..models import Advice
from ..sentences import listing, listing_n, say, say_n
from ..tensorflow_packages import CUDA_RUNTIME, DISTRIBUTIONS
from ..variants import variant_of
from ..versions import minor_numbers
from .import_warnings import warnings as of_import
from .kernel_warnings import warnings as of_kernels
from .models import Entry
from .pip_packages import warnings as of_pip
from .repair import warnings as of_damage
from .request_warnings import warnings as of_requests

if TYPE_CHECKING:
    from ..conda.settings.condarc import CondaSettings
    from .solved import Solved


def warnings(
    solved: Solved,
    lines: Sequence[Entry],
    settings: CondaSettings,
    running: Sequence[str] = (),
    directories: Sequence[Advice] = (),
) -> list[Advice]:
    """Return the warnings of a plan, most severe first.

    ``running`` names notebooks whose kernels use the prefix, and ``directories`` are the warnings about directories.
    """
    found = [
        *_tensorflow(solved, lines),
        *_keras(lines),
        *_legacy_keras(solved),
        *of_requests(solved, lines),
        *_python(lines),
        *_hardware(solved, settings),
        *of_pip(solved, lines),
        *of_damage(solved),
        *of_import(solved),
        *_from_index(solved),
        *of_kernels(solved, lines, running),
        *directories,
    ]
    order = {"error": 0, "warning": 1, "info": 2}
    return sorted(found, key=lambda warning: order[warning.severity])


def _copy(solved: Solved) -> plan_requests.PlanRequest | None:
    """Return the same request, to be applied to a copy, or None if there can be no copy or none with a valid name."""
    request = solved.request
    if not isinstance(request, plan_requests.Install | plan_requests.Update) or request.into is not None:
        return None
    taken, number = solved.prefix, 2
    while (taken.parent / f"{solved.name}-{number}").exists():
        number += 1
    try:
        return replace(request, into=f"{solved.name}-{number}")
    except InvalidName:
        return None


def _moved(lines: Sequence[Entry], name: str) -> tuple[str, str] | None:
    for entry in lines:
        if entry.name == name and entry.from_ and entry.to:
            return entry.from_["version"], entry.to["version"]
    return None


def _tensorflow(solved: Solved, lines: Sequence[Entry]) -> Iterator[Advice]:
    # Another package can take TensorFlow's place.
    ours = [entry for name in DISTRIBUTIONS for entry in lines if entry.name == name]
    before = next((entry.from_["version"] for entry in ours if entry.from_), None)
    after = next((entry.to["version"] for entry in ours if entry.to), None)
    if before is None or after is None or solved.source is not None:
        return
    old, new = minor_numbers(before), minor_numbers(after)
    if old == new:
        return
    step = "major" if old[0] != new[0] else "minor"
    copy = _copy(solved)
    yield Advice(
        f"tensorflow-{step}",
        "warning",
        say(
            "TensorFlow changes from {moved} to {moved_2}, another {step} version. Code and saved "
            "models may need changes.{value}",
            moved=before,
            moved_2=after,
            step=step,
            value=say(" If you update a copy instead, this environment stays as it is.") if copy else "",
        ),
        plan_request=copy,
    )


def _keras(lines: Sequence[Entry]) -> Iterator[Advice]:
    moved = _moved(lines, "keras")
    if moved and minor_numbers(moved[0])[:1] == (2,) and minor_numbers(moved[1])[:1] == (3,):
        yield Advice(
            "keras-3",
            "warning",
            say(
                "Keras changes from 2 to 3, so code for Keras 2 may break. The package tf-keras "
                "keeps such code running (with TF_USE_LEGACY_KERAS=1)."
            ),
        )


def _legacy_keras(solved: Solved) -> Iterator[Advice]:
    request = solved.request
    if isinstance(request, plan_requests.Create | plan_requests.Install) and request.legacy_keras:
        yield Advice(
            "legacy-keras",
            "info",
            say(
                "The kernel will set TF_USE_LEGACY_KERAS=1, so in notebooks tf.keras is Keras 2 from "
                "the package tf-keras."
            ),
        )


def _python(lines: Sequence[Entry]) -> Iterator[Advice]:
    moved = _moved(lines, "python")
    if moved and minor_numbers(moved[0]) != minor_numbers(moved[1]):
        yield Advice(
            "python-changes",
            "warning",
            say(
                "Python changes from {moved} to {moved_2}. Packages that pip installed must be installed again.",
                moved=moved[0],
                moved_2=moved[1],
            ),
        )


def _hardware(solved: Solved, settings: CondaSettings) -> Iterator[Advice]:
    builds = {r.name.normalized: str(r.build) for r in solved.after}
    build = builds.get("tensorflow-base") or builds.get("tensorflow")
    projects = {each.name for each in solved.distributions}
    if build is None and projects.isdisjoint(DISTRIBUTIONS):
        return
    on_cuda = (
        variant_of(build).startswith("cuda")
        if build is not None
        else any(name.startswith(CUDA_RUNTIME) for name in projects)
    )
    if solved.cuda is not None:
        if on_cuda:
            yield Advice(
                "cuda-assumed",
                "info",
                say(
                    "This CUDA build assumes a driver for CUDA {cuda}. It uses a GPU only on a "
                    "machine with such a driver.",
                    cuda=solved.cuda,
                ),
            )
        return
    from ..conda.machine import virtual_packages

    cuda = virtual_packages.version_of(solved.virtual, "__cuda")
    asked = isinstance(solved.request, plan_requests.Create) and solved.request.variant == "cpu"
    if cuda is not None and not on_cuda and not asked:
        says = "CONDA_OVERRIDE_CUDA" if "CONDA_OVERRIDE_CUDA" in os.environ else "condarc"
        is_here = virtual_packages.usable_cuda(virtual_packages.overrides(settings))
        here = say("This machine has a GPU") if is_here else say("{source} says CUDA {cuda}", source=says, cuda=cuda)
        yield Advice(
            "cpu-build-with-gpu",
            "warning",
            say("{here}, but this TensorFlow is a CPU-only build and will not use a GPU.", here=here),
        )


def _from_index(solved: Solved) -> Iterator[Advice]:
    """Say which packages are from an index although the request does not say so, and what that means."""
    names = sorted(solved.from_index)
    if names:
        why = say_n("no channel has it", "no channel has them", len(names))
        if not all(solved.from_index.values()):
            why = say("the channels' builds do not fit the packages that are from the index")
        yield Advice(
            "from-index",
            "info",
            listing_n(
                "{items} comes from the package index (PyPI), because {why}. Check that the name is spelled as you "
                "meant it.",
                "{items} come from the package index (PyPI), because {why}. Check that the names are spelled as you "
                "meant them.",
                names,
                why=why,
            ),
        )
    if solved.crossing:
        copy = _copy(solved)
        yield Advice(
            "source-changes",
            "warning",
            listing_n(
                "{items} moves between the conda channel and the package index. The builds differ, so test your "
                "notebooks afterwards.{copy}",
                "{items} move between the conda channel and the package index. The builds differ, so test your "
                "notebooks afterwards.{copy}",
                solved.crossing,
                copy=say(" If you change a copy instead, this environment stays as it is.") if copy else "",
            ),
            plan_request=copy,
        )
    if solved.withdrawn:
        told = [f"{label} ({reason})" if reason else label for label, reason in sorted(solved.withdrawn.items())]
        yield Advice(
            "withdrawn",
            "warning",
            listing("The authors withdrew these versions from the package index, so they may not work: {items}.", told),
        )
    if solved.builds:
        yield Advice(
            "source-build",
            "warning",
            listing(
                "{items} must be built from source on this machine. That runs code of the "
                "package, takes time and may need compilers.",
                solved.builds,
            ),
        )
