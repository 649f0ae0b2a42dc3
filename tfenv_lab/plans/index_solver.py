"""Solve the part of a change that comes from a package index, after conda's part."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from ..errors import BuildNeeded, IndexNotAllowed, IndexUnreachable, InvalidRequest, Unsatisfiable
from ..pypi import requirements as texts
from ..pypi import resolving, settings
from ..pypi.exact import ExactFiles
from ..pypi.failures import needs_build
from ..pypi.index import IndexReader
from ..pypi.models import Distribution, IndexLock, IndexPolicy, IndexSettings
from ..sentences import redact, say, some
from . import locked_packages
from .index_state import IndexState

if TYPE_CHECKING:
    from ..conda.engine import RepoDataRecord

#: Projects with the same files: the whole TensorFlow, and the one for the CPU.
_WHOLE, _CPU = "tensorflow", "tensorflow-cpu"


@dataclass(frozen=True)
class FromIndex:
    """The packages of an environment that are from an index, after a change.

    ``requirements`` are what the user requested of it, by project. ``taken_over`` are projects that conda packages
    provide instead from now on, and ``displaced`` those that pip or uv installed. ``withdrawn`` has the packages with
    their versions that their authors withdrew from the index, and the reasons, which may be empty. ``notes`` say what
    of an imported file is left out.
    """

    distributions: Sequence[Distribution] = ()
    requirements: Mapping[str, str] = field(default_factory=dict)
    taken_over: Sequence[str] = ()
    notes: Sequence[str] = ()
    withdrawn: Mapping[str, str] = field(default_factory=dict)
    displaced: Sequence[str] = ()


class IndexSolver:
    """A solver of requirements around the packages that conda installs."""

    def __init__(
        self,
        policy: Callable[[], IndexPolicy],
        subdir: str,
        package_cache: Path,
        stand_ins: Path,
        reader: IndexReader | None = None,
    ) -> None:
        """Create a solver. ``stand_ins`` is a directory that it may fill (see ``pypi/resolving.py``)."""
        self._policy = policy
        self._reader = reader or IndexReader()
        self._subdir = subdir
        self._cache = package_cache
        self._stand_ins = stand_ins

    async def settings(self) -> IndexSettings:
        """Return how package indexes are read."""
        return await asyncio.to_thread(settings.read, self._policy())

    async def provided(self, records: Sequence[RepoDataRecord], prefix: Path | None = None) -> dict[str, str]:
        """Return the versions of the projects that conda packages provide; ``prefix`` has some of them installed."""
        return await asyncio.to_thread(_provided, records, self._cache, prefix)

    async def solve(
        self,
        requested: Mapping[str, str],
        records: Sequence[RepoDataRecord],
        state: IndexState | None = None,
        *,
        prefix: Path | None = None,
        upgrade: Collection[str] | None = (),
        builds: bool = False,
        lock: IndexLock | None = None,
        fixed: Mapping[str, str] | None = None,
    ) -> FromIndex:
        """Return the packages from the index, beside these conda ``records``.

        ``requested`` are the requirements by project, ``state`` what ``prefix`` has now, and ``upgrade`` the projects
        that may move (None: all). The packages of ``lock`` are taken exactly, and the others resolved around them.
        ``fixed`` are versions by project that stay like those of conda packages.
        Raises InvalidRequest, Unsatisfiable, ChannelUnreachable and other errors of uv.
        """
        state, lock = state or IndexState(), lock or IndexLock()
        if not requested and not state.distributions and not lock.packages:
            return FromIndex()
        python = next((str(record.version) for record in records if record.name.normalized == "python"), None)
        if python is None:
            raise InvalidRequest(
                say("Packages from a package index need Python, and the environment would have none."),
                hint=say("Request “python”, too."),
            )
        conda = {**await self.provided(records, prefix), **(fixed or {})}
        configured = await self.settings()
        policy = configured.policy
        files = ExactFiles(self._reader, configured, python, self._subdir, builds)
        taken = await locked_packages.take(lock, conda, files)
        exact = {each.name: each.version for each in taken.distributions}
        wanted = {name: text for name, text in requested.items() if name not in conda}
        unsolved = {**wanted, **taken.unsolved}
        conflicts = [text for name, text in requested.items() if name in conda]
        _require_fitting(conflicts, conda)
        others = {
            package.name: package.version
            for package in state.others
            if package.name not in requested and package.name not in (upgrade or ())
        }
        withdrawn: dict[str, str] = {}
        question = resolving.Question(
            # They may have extras, which conda's package does not bring.
            requirements=[*unsolved.values(), *conflicts],
            python=python,
            subdir=self._subdir,
            held={**others, **conda, **exact},
            installed=state.distributions,
            upgrade=upgrade,
            builds=builds,
            on_withdrawn=withdrawn.__setitem__,
        )
        _require_permitted(unsolved.values(), policy, builds)
        try:
            found, notes = await self._beside(exact if lock.is_partial else {}, question, configured)
        except Unsatisfiable as error:
            error.details = _with_held(error.details or "", {"conda": conda, "pip": others})
            raise
        hashed = [each for each in found if each.name in taken.hashes]
        same = {
            each.name: await files.with_hashes(
                each, taken.hashes[each.name], is_direct=bool(Requirement(unsolved.get(each.name, each.name)).url)
            )
            for each in hashed
        }
        both = [*taken.distributions, *(same.get(each.name, each) for each in found)]
        if not builds:
            _require_no_builds([each for each in both if each not in state.distributions], policy)
        taken_over = sorted(each.name for each in state.distributions if each.name in conda)
        new = {f"{each.name} {each.version}" for each in both if state.versions.get(each.name) != each.version}
        notes = [*taken.notes, *notes]
        return FromIndex(
            sorted(both, key=lambda each: each.name),
            {**wanted, **taken.requested},
            taken_over,
            notes,
            withdrawn={label: reason for label, reason in withdrawn.items() if label in new},
        )

    async def _beside(
        self, exact: Mapping[str, str], question: resolving.Question, configured: IndexSettings
    ) -> tuple[list[Distribution], list[str]]:
        """Resolve a question, and what the ``exact`` packages of a partial lock need, which the notes name."""
        if exact:
            pins = [f"{name}=={version}" for name, version in exact.items()]
            held = {name: version for name, version in question.held.items() if name not in exact}
            whole = replace(question, requirements=[*question.requirements, *pins], held=held)
            # A lock may contradict what its packages declare.
            with contextlib.suppress(Unsatisfiable, IndexUnreachable):
                found = [each for each in await self._resolve(whole, configured) if each.name not in exact]
                asked = {texts.name_of(text) for text in question.requirements}
                more = [each.name for each in found if each.name not in asked]
                told = say("The file leaves out packages that others need, and the newest that fit are taken: ")
                return found, [f"{told}{', '.join(more)}."] if more else []
        if not question.requirements and not question.installed:
            return [], []
        try:
            return await self._resolve(question, configured), []
        except Unsatisfiable as error:
            if question.builds or not configured.policy.allow_source_builds or not needs_build(error):
                raise
            message = say("The package index has no wheel of a package, which would have to be built from source.")
            raise BuildNeeded(message, error.details) from error

    async def _resolve(self, question: resolving.Question, configured: IndexSettings) -> list[Distribution]:
        """Resolve a question so that only one TensorFlow is installed.

        Packages such as tf-keras require ``tensorflow``, but ``tensorflow-cpu`` has the same files. So where that is
        wanted, it counts as ``tensorflow``, in the same version. Raises what ``resolving.resolve`` raises.
        """
        held = question.held
        if _CPU in held and _WHOLE not in held:
            question = replace(question, held={**held, _WHOLE: held[_CPU]})
        found = await resolving.resolve(question, configured, self._stand_ins)
        versions = {each.name: each.version for each in found}
        if not versions.keys() >= {_WHOLE, _CPU} or any(
            texts.name_of(text) == _WHOLE for text in question.requirements
        ):
            return found
        first, second = versions[_CPU], versions[_WHOLE]
        try:
            return await self._with_cpu(question, configured, first)
        except Unsatisfiable:
            if second == first:
                raise
            # The packages that require TensorFlow may not support its newest version.
            return await self._with_cpu(question, configured, second)

    async def _with_cpu(
        self, question: resolving.Question, configured: IndexSettings, version: str
    ) -> list[Distribution]:
        """Resolve a question with one version of ``tensorflow-cpu``, which also counts as ``tensorflow``."""
        one = replace(
            question,
            requirements=[*question.requirements, f"{_CPU}=={version}"],
            held={**question.held, _WHOLE: version},
        )
        return await resolving.resolve(one, configured, self._stand_ins)


def _require_fitting(wanted: Iterable[str], conda: Mapping[str, str]) -> None:
    """Raise Unsatisfiable if a requirement excludes the version of its project that a conda package provides."""
    for text in wanted:
        name = texts.name_of(text)
        if not texts.satisfied(text, conda[name]):
            raise Unsatisfiable(
                say(
                    "A channel provides {name} {version}, but {text} is requested from the package index.",
                    name=name,
                    version=conda[name],
                    text=text,
                ),
                hint=say("Request this version from the channel, or request the package only from the index."),
            )


def _with_held(details: str, held: Mapping[str, Mapping[str, str]]) -> str:
    """Return an explanation with the versions of the packages in it that stay. ``held`` has them by their installer."""
    words = set(re.findall(r"[\w-]+", details))
    named = [
        f"{who}'s {name} {version}" for who, found in held.items() for name, version in found.items() if name in words
    ]
    return f"{details}\nThese packages stay as they are: {', '.join(named)}." if named else details


def _require_no_builds(new: Iterable[Distribution], policy: IndexPolicy) -> None:
    """Raise BuildNeeded, or IndexNotAllowed, if new packages must be built.

    uv resolves a directory, a repository or an archive without a build if that states its metadata.
    """
    sources = [f"{each.name} (from {redact(each.url)[:200]})" for each in new if not each.is_wheel]
    if not sources:
        return
    message = say("Packages would have to be built from source: {sources}.", sources=some(sources, 5))
    if not policy.allow_source_builds:
        raise IndexNotAllowed(say("{message} The administrator does not permit this.", message=message), hint=_wheels())
    raise BuildNeeded(message)


def _wheels() -> str:
    return say("Use packages with wheels, or ask the administrator to change TfenvLab.allow_source_builds.")


def _require_permitted(wanted: Iterable[str], policy: IndexPolicy, builds: bool) -> None:
    """Raise IndexNotAllowed for what the administrator forbids: builds, and requirements that name a URL or path."""
    if builds and not policy.allow_source_builds:
        raise IndexNotAllowed(
            say("The administrator does not permit building packages from source."),
            hint=_wheels(),
        )
    for text in wanted:
        url = Requirement(text).url
        if url is None:
            continue
        if not policy.allow_url_requirements:
            raise IndexNotAllowed(
                say("The administrator does not permit requirements that name a URL: {text}.", text=redact(text)[:120]),
                hint=say(
                    "Use a package from the index, or ask the administrator to change TfenvLab.allow_url_requirements."
                ),
            )
        settings.require_allowed(url, policy)


def _provided(records: Sequence[RepoDataRecord], cache: Path, prefix: Path | None) -> dict[str, str]:
    from ..conda.prefix import projects
    from ..conda.prefix.records import contents

    return projects.provided(records, cache, contents(prefix) if prefix else None)


def combined(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Return requirements by project; those of ``other`` replace those of ``one``, but keep narrower versions.

    As for conda's specs, a bare name does not replace an earlier requirement with versions.
    """
    found = dict(one)
    for name, text in other.items():
        if name not in found or text != texts.without_version(text):
            found[name] = text
    return found
