"""What other Python packages add by entry points: sources of environments, checks and exporters.

Extensions are found once, and imported when they are first used. One that fails or hangs is left out, and ``warnings``
names it.
"""

# Strings instead of Path objects: this runs whenever a command starts.
# ruff: noqa: PTH117, PTH118, PTH123
from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from .disk.reads import BoundedReads
from .sentences import say

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

#: The groups of entry points.
SOURCES, CHECKS, EXPORTERS = "tfenv_lab.sources", "tfenv_lab.checks", "tfenv_lab.exporters"
#: Maximum number of prefixes of one source, and of findings of one check.
MOST = 1_000
#: Seconds that the import of an extension, and a call of a source, may take; a list waits for them.
LIMIT = 5.0
#: Seconds that a check or an exporter may take.
PATIENCE = 60.0


class EnvironmentSource(Protocol):
    """A function that returns the absolute paths of environments. It is called for every list, so it must be quick."""

    def __call__(self) -> Iterable[str | os.PathLike[str]]: ...


@dataclass(frozen=True)
class CheckedEnvironment:
    """An environment in which TensorFlow was run. A version is None if the run ended before it was known."""

    prefix: Path
    python: str | None
    tensorflow: str | None
    #: The end of the output of the run.
    output: str


@dataclass(frozen=True)
class FoundProblem:
    """A problem that a check found: a code that never changes, a sentence, and the evidence, if any."""

    code: str
    message: str
    details: str | None = None


class EnvironmentCheck(Protocol):
    """A function that finds problems of an environment. It runs in the process of the check."""

    def __call__(self, environment: CheckedEnvironment) -> Iterable[FoundProblem]: ...


@dataclass(frozen=True)
class ExportedPackage:
    """An installed package. ``build`` and ``url`` are None if they are unknown; ``source`` is “conda” or “pypi”."""

    name: str
    version: str
    build: str | None
    url: str | None
    source: str


@dataclass(frozen=True)
class ExportedEnvironment:
    """The contents of an environment to export. ``platform`` is conda's, and ``requested`` are specs."""

    name: str
    platform: str
    packages: Sequence[ExportedPackage]
    requested: Sequence[str]
    channels: Sequence[str]
    variables: Mapping[str, str]


class Exporter(Protocol):
    """A function that returns an environment as the text of a file."""

    def __call__(self, environment: ExportedEnvironment) -> str: ...


class ExtensionError(Exception):
    """A sentence that names an extension and what is wrong with it."""


#: What is wrong with extensions at the moment: sentences by group and name.
_faults: dict[tuple[str, str], str] = {}


def prefixes() -> list[Path]:
    """Return the prefixes of all sources. Reads the disk: not for the event loop."""
    found = _sources.run(_entries().get(SOURCES, {}))
    return [path for each in _settled(SOURCES, found) for path in each]


def findings(environment: CheckedEnvironment) -> tuple[list[FoundProblem], list[str]]:
    """Return the findings of all checks, their codes preceded by the name of the check, and what is wrong with checks.

    Blocks while they run.
    """

    def run(name: str) -> list[FoundProblem]:
        found = [*islice(_function(CHECKS, name)(environment), MOST)]
        if wrong := [each for each in found if not isinstance(each, FoundProblem)]:
            raise TypeError(f"it returned {wrong[0]!r} instead of a FoundProblem")
        return [FoundProblem(f"{name}.{each.code}", str(each.message), each.details) for each in found]

    results = BoundedReads(run, PATIENCE).run(_entries().get(CHECKS, {}))
    found = [each for several in _settled(CHECKS, results) for each in several]
    return found, [text for (group, _), text in _faults.items() if group == CHECKS]


def exporters() -> list[str]:
    """Return the names of the exporters."""
    return list(_entries().get(EXPORTERS, {}))


def export(name: str, environment: ExportedEnvironment) -> str:
    """Return the text of an exporter. Raises ExtensionError. Blocks while it runs."""

    def run(name: str) -> str:
        text = _function(EXPORTERS, name)(environment)
        if not isinstance(text, str):
            raise TypeError(f"it returned {type(text).__name__} instead of a string")
        return text

    found: list[str] = _settled(EXPORTERS, BoundedReads(run, PATIENCE).run([name]))
    if not found:
        raise ExtensionError(_faults[EXPORTERS, name])
    return found[0]


def warnings() -> list[str]:
    """Import all extensions, ask the sources, and return what is wrong with them. Blocks: not for the event loop."""
    for group, entries in _entries().items():
        for name, result in _imports.run((group, name) for name in entries).items():
            if not callable(result):
                _note(group, name[1], result)
    prefixes()
    return list(_faults.values())


def _settled(group: str, results: Mapping[str, Any]) -> list[Any]:
    """Return the results of the extensions that did not fail, and note what is wrong with the others."""
    for name, result in results.items():
        if result is None or isinstance(result, Exception):
            _note(group, name, result)
        else:
            _faults.pop((group, name), None)
    return [result for result in results.values() if result is not None and not isinstance(result, Exception)]


def _note(group: str, name: str, result: object) -> None:
    distribution = getattr(_entries()[group][name], "dist", None)
    package = say(" of the package “{name}”", name=distribution.name) if distribution else ""
    why = f"{type(result).__name__}: {result}" if isinstance(result, Exception) else say("it did not answer in time")
    _faults[group, name] = say(
        "The extension “{name}” ({group}){package} is ignored: {why}.", name=name, group=group, package=package, why=why
    )


def _function(group: str, name: str) -> Callable[..., Any]:
    """Import the function of an extension."""
    function: Callable[..., Any] = _safely(_entries()[group][name].load)
    return function


def _prefixes_of(name: str) -> list[Path]:
    found = []
    for each in islice(_safely(_function(SOURCES, name)), MOST):
        text = os.fspath(each)
        if not isinstance(text, str) or not os.path.isabs(text) or not text.isprintable():
            raise ValueError(f"{text!r} is not an absolute path")
        found.append(Path(os.path.normpath(text)))
    return found


def _safely(function: Callable[[], Any]) -> Any:
    """Call a function. An attempt to end the process is an error like others."""
    try:
        return function()
    except SystemExit as error:
        raise RuntimeError(f"it tried to end the process ({error})") from error


#: They remember the extensions that hang, so that only the first list waits for them.
_sources: BoundedReads[str, list[Path]] = BoundedReads(_prefixes_of, LIMIT)
_imports: BoundedReads[tuple[str, str], Callable[..., Any]] = BoundedReads(lambda item: _function(*item), LIMIT)


@cache
def _entries() -> dict[str, dict[str, EntryPoint]]:
    """Return the entry points by group and name. The first on Python's path has a name."""
    if not any(map(_may_have_any, sys.path)):
        return {}
    from importlib.metadata import entry_points

    found: dict[str, dict[str, EntryPoint]] = {}
    for group in (SOURCES, CHECKS, EXPORTERS):
        for entry in entry_points(group=group):
            found.setdefault(group, {}).setdefault(entry.name, entry)
    return found


def _may_have_any(folder: str) -> bool:
    """Return whether an installed package in a directory has an entry point for this one.

    Importing ``importlib.metadata`` takes longer than this.
    """
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith((".dist-info", ".egg-info")):
                with suppress(OSError), open(os.path.join(entry.path, "entry_points.txt"), "rb") as file:
                    if b"[tfenv_lab." in file.read():
                        return True
    return False
