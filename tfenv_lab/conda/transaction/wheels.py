"""The part of a change that comes from a package index: which distributions come and leave, and their installation."""

from __future__ import annotations

import functools
import os
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace
from packaging.requirements import Requirement

from ...errors import JobFailed, TfenvError
from ...models import EntryJson
from ...pypi import cache, installed, installing
from ...pypi.models import MARK, Distribution, IndexSettings
from ...sentences import joined, replaced, say
from ..prefix import pypi, wheels
from ..prefix.files import is_intact
from ..prefix.records import OwnedFiles
from ..prefix.state import interpreter
from . import bytecode, relocation, staging
from .progress import InstallProgress
from .wheel_tree import WheelTree

#: Directories whose scripts name the prefix.
_SCRIPTS = ("bin/", "Scripts/")
_UNCHANGED = say("Nothing was changed.")
#: Directory in the new tree into which uv installs.
_BUILT = f"{staging.MARK}wheels"


@dataclass(frozen=True)
class InstalledWheels:
    """The packages of a prefix that conda does not own.

    ``distributions`` are what our changes installed. ``files`` has the files of these and of other packages that a
    change may remove, by project, and ``others`` the files of all that stay in any case.
    """

    distributions: Sequence[Distribution] = ()
    files: Mapping[str, frozenset[str]] = field(default_factory=dict)
    others: frozenset[str] = frozenset()
    #: The projects whose files are not known.
    unknown: frozenset[str] = frozenset()

    @classmethod
    def of(cls, prefix: Path, removable: Collection[str] = (), damaged: Collection[str] = ()) -> InstalledWheels:
        """Read a prefix. ``removable`` are the projects that may leave although another program installed them.

        The ``damaged`` projects only have files, so they count as not installed.
        """
        managed = wheels.read(prefix)
        names = {each.name for each in managed.distributions}.union(removable)
        found = {each.name: each.dist_info for each in pypi.pypi_packages(prefix)}
        files = {name: installed.files(prefix, dist_info) for name, dist_info in found.items()}
        return cls(
            [each for each in managed.distributions if each.name not in damaged],
            {name: files[name] for name in names & found.keys()},
            frozenset[str]().union(*(files[name] for name in found.keys() - names)),
            frozenset(name for name in names & found.keys() if not installed.has_record(found[name])),
        )

    def files_of(self, names: Iterable[str]) -> frozenset[str]:
        """Return the files of these projects, as paths inside the prefix."""
        return frozenset[str]().union(*(self.files.get(name, ()) for name in names))

    @property
    def all_files(self) -> frozenset[str]:
        return self.files_of(self.files)

    def leaving(self, staying: Collection[str]) -> frozenset[str]:
        """Return the files of all projects but ``staying``. Raises JobFailed if they are not known.

        Packages may share files, so those of the projects that stay still have to be taken out.
        """
        unknown = sorted(self.unknown.difference(staying))
        if unknown:
            raise JobFailed(
                say(
                    "The package {unknown} cannot be removed or replaced, because its list of files "
                    "(RECORD) is missing. Nothing was changed.",
                    unknown=unknown[0],
                ),
                hint=say("Install it again with “pip install --force-reinstall --no-deps”, then try again."),
            )
        return self.files_of(self.files.keys() - set(staying)) - self.others


def coming(before: Iterable[Distribution], after: Sequence[Distribution], anew: bool) -> list[Distribution]:
    """Return the distributions to install; all of them if ``anew``, because Python's minor version changes."""
    have = {(each.name, each.version, each.sha256 or each.url) for each in before}
    return [each for each in after if anew or (each.name, each.version, each.sha256 or each.url) not in have]


def with_sizes(
    locked: Iterable[Distribution], before: Iterable[Distribution], entries: Iterable[EntryJson]
) -> list[Distribution]:
    """Return distributions with their sizes, which a lock does not have: as they were ``before``, or as planned."""
    known = {(each.name, each.sha256): each.size for each in before}
    planned = {e["name"]: e["to"]["size"] for e in entries if e["source"] == "pypi" and e["to"] is not None}
    return [replace(each, size=known.get((each.name, each.sha256)) or planned.get(each.name)) for each in locked]


def sizes(distributions: Iterable[Distribution], settings: IndexSettings) -> dict[str, int]:
    """Return the bytes to download, by project with ``pypi:``, as far as the sizes are known."""
    store = cache.directory(settings.variables)
    wanted = [each for each in distributions if each.size is not None and cache.unpacked(each, store) is None]
    return {MARK + each.name: each.size or 0 for each in wanted}


def install(
    staged: Path,
    prefix: Path,
    distributions: Sequence[Distribution],
    settings: IndexSettings,
    *,
    requirements: Mapping[str, str],
    repaired: Collection[str],
    conda: Mapping[str, OwnedFiles],
    store: Path,
    steps: InstallProgress,
) -> frozenset[str]:
    """Install distributions into the staged tree, which will be moved to ``prefix``; return their files.

    ``requirements`` are what the user requested, by project, and ``repaired`` the projects whose files were damaged.
    ``conda`` has the files of conda's packages in the new tree by the names of their records. ``store`` keeps the
    bytecode. Raises JobFailed if a distribution is refused (``WheelTree``), and what ``installing.install`` raises.
    """
    if not distributions:
        return frozenset()
    python, built = interpreter(staged), staged / _BUILT
    if not python.exists():
        raise JobFailed(say("Packages from a package index need Python, and the environment would have none."))
    direct = {name for name, text in requirements.items() if Requirement(text).url}
    steps.begin_wheels()
    begin = functools.partial(
        installing.install, python, built, distributions, settings, direct=direct, on_download=steps.on_wheel_download
    )
    try:
        begin()
        tree = WheelTree(built)
        # A program that edits a file in an environment also edits the one in uv's cache, because they are hard links.
        found = [(name, tree.dist_infos[name]) for name in repaired if name in tree.dist_infos]
        altered = [name for name, dist_info in found if not is_intact(built, dist_info)]
        if altered:
            installing.forget(altered, settings)
            staging.discard(built)
            begin()
            tree = WheelTree(built)
    except TfenvError as error:
        raise _unchanged(error, staged, prefix) from error
    steps.on_wheels_fetched()
    for each in distributions:
        if each.name not in tree.dist_infos:
            raise JobFailed(
                say("uv did not install {name} {version}. Nothing was changed.", name=each.name, version=each.version)
            )
    tree.admit(staged, {path: name.rsplit("-", 2)[0] for name, found in conda.items() for path in found.files})
    relocation.rewrite(built, staged, prefix, scripts(tree.files))
    files = {each: tree.files_of(each.name) for each in distributions}
    bytecode.add_to_wheels(built, staged, files, store, steps.compile_wheels)
    tree.move(staged)
    staging.discard(built)
    steps.on_wheels_linked()
    return frozenset(tree.files)


def _unchanged(error: TfenvError, staged: Path, prefix: Path) -> TfenvError:
    """Return uv's error as that of a job: it says that nothing was changed, and names no temporary directory."""

    def shown(text: str) -> str:
        return replaced(
            text,
            lambda part: part.replace(os.fspath(staged / _BUILT), os.fspath(prefix)).replace(
                os.fspath(staged), os.fspath(prefix)
            ),
        )

    details = shown(error.details) if error.details else None
    message = shown(error.message if error.message.endswith(_UNCHANGED) else joined(" ", (error.message, _UNCHANGED)))
    found = type(error)(message, details, error.hint)
    found.wait = error.wait
    return found


def scripts(files: Iterable[str]) -> list[str]:
    """Return the files among ``files`` that may name the prefix."""
    return sorted(path for path in files if path.startswith(_SCRIPTS))


def record(staged: Path, distributions: Sequence[Distribution], requirements: Mapping[str, str]) -> None:
    """Write down what the environment has from the index, with the dependencies that the packages declare."""
    folder = pypi.site_packages(staged)
    found = installed.dist_infos(folder) if folder and distributions else {}
    ours = {each.name: found[each.name] for each in distributions if each.name in found}
    for name, dist_info in ours.items():
        # As pip does; uv marks all packages of a lock.
        installed.set_requested(staged, dist_info, name in requirements)
    complete = tuple(
        replace(each, requires=installed.requires(ours[each.name])) if each.name in ours else each
        for each in distributions
    )
    names = {each.name for each in distributions}
    left = {name: text for name, text in wheels.left_to_others(staged).items() if name not in names}
    wheels.write(staged, wheels.Managed({**left, **requirements}, complete))
