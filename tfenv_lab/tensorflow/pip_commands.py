"""Find the specs that request what a ``pip install`` command installs."""

from __future__ import annotations

from collections.abc import Iterable

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier

from ..pypi.models import MARK
from ..pypi.requirements import normalize
from ..tensorflow_packages import CPU_DISTRIBUTIONS

#: Extras of ``tensorflow`` that install CUDA.
_CUDA_EXTRA = "and-cuda"
#: Projects whose names are other packages on conda-forge: libraries and programs without a Python module.
_AMBIGUOUS = {"flatbuffers", "graphviz", "igraph", "snappy", "tzdata"}
#: Packages that are requested from the channels first, whatever their extras or URLs are.
_FAMILY = {"tensorflow", "keras", "tf-keras"}
#: Options of ``pip install`` that take the next argument as their value.
_WITH_VALUE = {
    *("-c", "-e", "-f", "-i", "-r", "-t", "-C", "--abi", "--build-constraint", "--cache-dir", "--cert"),
    *("--client-cert", "--config-settings", "--constraint", "--editable", "--exists-action", "--extra-index-url"),
    *("--find-links", "--group", "--implementation", "--index", "--index-url", "--keyring-provider", "--log"),
    *("--no-binary", "--only-binary", "--platform", "--prefix", "--progress-bar", "--proxy", "--python"),
    *("--python-version", "--report", "--requirement", "--retries", "--root", "--root-user-action", "--src"),
    *("--target", "--timeout", "--trusted-host", "--upgrade-strategy", "--use-feature"),
}


def conda_specs(arguments: Iterable[str]) -> list[str]:
    """Return specs for the packages among the arguments of ``pip install``.

    A spec without ``pypi:`` is for the channels, or for the package index if no channel has the package. Options, paths
    and URLs are left out.
    """
    found: dict[str, None] = {}
    rest = iter(arguments)
    for text in rest:
        if text in _WITH_VALUE:
            next(rest, None)
        elif (spec := _spec(text)) is not None:
            found[spec] = None
    return list(found)


def _spec(text: str) -> str | None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None
    project = normalize(requirement.name)
    name, build = _package(project, requirement.extras) or (project, "")
    if not build and name not in _FAMILY and (requirement.url or requirement.extras or project in _AMBIGUOUS):
        return None if requirement.url else f"{MARK}{requirement}"
    version = ",".join(sorted(map(_range, requirement.specifier), reverse=True))
    return " ".join([name, *([version or "*"] if version or build else []), *([build] if build else [])])


def _range(part: Specifier) -> str:
    """Return a part of a version range as conda writes it: without ``==`` before ``2.15.*``, and never ``===``."""
    if part.operator == "==" and part.version.endswith(".*"):
        return part.version
    return str(part).replace("===", "==")


def _package(name: str, extras: Iterable[str]) -> tuple[str, str] | None:
    """Return the conda package and build for a distribution on PyPI, or None if it is not TensorFlow or Keras."""
    if name in ("keras", "tf-keras"):
        return name, ""
    if name == "tensorflow-gpu" or (name == "tensorflow" and _CUDA_EXTRA in map(normalize, extras)):
        return "tensorflow", "cuda*"
    if name in CPU_DISTRIBUTIONS:
        return "tensorflow", "cpu_*"
    return ("tensorflow", "") if name == "tensorflow" else None
