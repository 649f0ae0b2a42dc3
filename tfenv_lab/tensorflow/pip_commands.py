"""Find the specs that request what a ``pip install`` command installs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import Specifier

from ..conda.prefix import projects
from ..errors import ChannelUnreachable, InvalidSpec
from ..pypi import named_places
from ..pypi.models import MARK, IndexSettings
from ..pypi.names import normalize
from ..pypi.requirements import names_file
from ..tensorflow_packages import CPU_DISTRIBUTIONS

if TYPE_CHECKING:
    from ..conda.repodata.repodata import Repodata

#: Extras of ``tensorflow`` that install CUDA.
_CUDA_EXTRA = "and-cuda"
#: Packages of Keras, which are requested from the channels first, whatever their extras or URLs are.
_KERAS = {"keras", "tf-keras"}
#: Options of ``pip install`` that take the next argument as their value.
_WITH_VALUE = {
    *("-c", "-e", "-f", "-i", "-r", "-t", "-C", "--abi", "--build-constraint", "--cache-dir", "--cert"),
    *("--client-cert", "--config-settings", "--constraint", "--editable", "--exists-action", "--extra-index-url"),
    *("--find-links", "--group", "--implementation", "--index", "--index-url", "--keyring-provider", "--log"),
    *("--no-binary", "--only-binary", "--platform", "--prefix", "--progress-bar", "--proxy", "--python"),
    *("--python-version", "--report", "--requirement", "--retries", "--root", "--root-user-action", "--src"),
    *("--target", "--timeout", "--trusted-host", "--upgrade-strategy", "--use-feature"),
}


async def specs_for(arguments: Iterable[str], repodata: Repodata, configured: Callable[[], IndexSettings]) -> list[str]:
    """Return specs for the packages among the arguments of ``pip install``.

    A package is requested from the channels if one has it in such a version, perhaps under another name; otherwise from
    the package index, with ``pypi:``. Options, paths and URLs are left out. If the command names a place of packages
    that is not among the ``configured`` ones, nothing is requested from the index: a package of the same name there may
    be another one.
    """
    arguments = list(arguments)
    wanted = list(_requirements(arguments))
    places = list(named_places.of_arguments(arguments))
    if places:
        places = named_places.unconfigured(places, await asyncio.to_thread(configured))
    try:
        names = await repodata.names() if wanted else []
    except ChannelUnreachable:
        # The plan will say so.
        specs = filter(None, (_first(requirement) for requirement in wanted))
        return [spec for spec in dict.fromkeys(specs) if not (places and spec.startswith(MARK))]
    by_project = await asyncio.to_thread(_by_project, names)
    found: dict[str, None] = {}
    for requirement in wanted:
        for spec in _on_channels(requirement, by_project):
            # pip permits versions that conda cannot read, which therefore no channel has.
            with suppress(InvalidSpec):
                if await repodata.records([spec]):
                    found[spec] = None
                    break
        else:
            if requirement.url is None and not places:
                found[f"{MARK}{requirement}"] = None
    return list(found)


def _requirements(arguments: Iterable[str]) -> Iterator[Requirement]:
    rest = iter(arguments)
    for text in rest:
        if text in _WITH_VALUE:
            next(rest, None)
            continue
        try:
            requirement = Requirement(text)
        except InvalidRequirement:
            continue
        if not names_file(requirement):
            yield requirement


def _by_project(names: Iterable[str]) -> dict[str, list[str]]:
    """Return the packages on the channels by the project that each provides, judging by its name."""
    found: dict[str, list[str]] = {}
    for name in names:
        if not projects.is_library(name):
            found.setdefault(projects.named(name), []).append(name)
    # The package with the project's own name is the whole one, as matplotlib beside matplotlib-base.
    return {project: sorted(known, key=lambda name: normalize(name) != project) for project, known in found.items()}


def _on_channels(requirement: Requirement, by_project: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Yield the specs that mean the same on the channels, best first."""
    project = normalize(requirement.name)
    package = _tensorflow_or_keras(project, requirement.extras)
    if package is not None:
        yield _spec(*package, requirement)
    elif not requirement.extras and requirement.url is None:
        yield from (_spec(name, "", requirement) for name in by_project.get(project, ()))


def _first(requirement: Requirement) -> str | None:
    project = normalize(requirement.name)
    names = {} if projects.is_library(project) else {project: [project]}
    mark = None if requirement.url else f"{MARK}{requirement}"
    return next(_on_channels(requirement, names), mark)


def _spec(name: str, build: str, requirement: Requirement) -> str:
    version = ",".join(sorted(map(_range, requirement.specifier), reverse=True))
    return " ".join([name, *([version or "*"] if version or build else []), *([build] if build else [])])


def _range(part: Specifier) -> str:
    """Return a part of a version range as conda writes it: without ``==`` before ``2.15.*``, and never ``===``."""
    if part.operator == "==" and part.version.endswith(".*"):
        return part.version
    return str(part).replace("===", "==")


def _tensorflow_or_keras(name: str, extras: Iterable[str]) -> tuple[str, str] | None:
    """Return the conda package and build for a distribution on PyPI, or None if it is not TensorFlow or Keras."""
    if name in _KERAS:
        return name, ""
    if name == "tensorflow-gpu" or (name == "tensorflow" and _CUDA_EXTRA in map(normalize, extras)):
        return "tensorflow", "cuda*"
    if name in CPU_DISTRIBUTIONS:
        return "tensorflow", "cpu_*"
    return ("tensorflow", "") if name == "tensorflow" else None
