"""Read the facts about one environment, and detect cheaply when they change."""

# Strings instead of Path objects: a list looks at a thousand paths in a few milliseconds.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118
from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ..conda.prefix import digests, former_kernels
from ..conda.prefix import frozen as markers
from ..conda.prefix.frozen import Marker
from ..conda.prefix.owner import user_name
from ..conda.prefix.pypi import PypiPackage, site_packages, unowned
from ..conda.prefix.records import PackageStem, names_in, record_files, stem_of
from ..conda.prefix.revisions import FOLDER
from ..disk.faults import has_mount_flag
from ..models import Advice
from ..pypi.names import normalize
from ..sentences import say, some
from ..versions import minor_of
from .discovery import hash_of
from .frameworks import BEGINNINGS, LETTERS, concerns, keras_of, tensorflow_of
from .models import EnvironmentFacts, Shared

#: Directory of the kernelspecs inside a prefix (``jupyter_core.paths``: the data directory of ``sys.prefix``).
KERNELS = os.path.join("share", "jupyter", "kernels")
_DIST_INFO = ".dist-info"
PYTHON = "python.exe" if sys.platform == "win32" else os.path.join("bin", "python")

#: Code of the problem that only a closer look finds.
DAMAGED = "damaged-record"
#: Code of the problem that makes a closer look impossible.
UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Reading:
    """The facts about an environment, and the modification times (ns by path, 0 if missing) at which they were read.

    ``written`` is the path that shows whether the environment is writable; empty if that does not matter.
    """

    facts: EnvironmentFacts
    changed: dict[str, int]
    written: str = ""

    def holds(self) -> bool:
        """Return whether the facts still hold, because none of their paths changed.

        A file system that becomes read-only, and other permissions, do not change these times.
        """
        if self.written and os.access(self.written, os.W_OK) is not self.facts.writable:
            return False
        for path, time in self.changed.items():  # noqa: SIM110 - a generator is slower than this loop over three paths
            if time_of(path) != time:
                return False
        return True


def time_of(path: str) -> int:
    """Return the modification time of a path in ns, or 0 if it is missing."""
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _problem(code: str, message: str) -> Advice:
    return Advice(code, "error", message)


def _packages(names: Iterable[str]) -> dict[str, PackageStem]:
    """Return the packages of these record names, by normalized package name."""
    return {normalize(stem.name): stem for stem in map(stem_of, names) if stem}


def _beginning(names: Iterable[str], letters: str, beginnings: tuple[str, ...]) -> list[str]:
    """Return the names that start with one of ``beginnings``; ``letters`` are their first letters, for a quick test."""
    return [name for name in names if name[0] in letters and name.startswith(beginnings)]


def _shared(prefix: str, frozen: Marker | None, is_writable: bool) -> Shared | None:
    """Return who shares an environment: it was published, or another user owns it and this one cannot change it."""
    if frozen is not None and frozen.published is not None:
        return Shared(frozen.by, frozen.published)
    user = os.stat(prefix).st_uid
    is_own = is_writable or sys.platform == "win32" or user == os.geteuid()
    return None if is_own else Shared(user_name(user))


def _own_kernels(folder: str) -> tuple[str, ...]:
    try:
        names = names_in(folder)
    except OSError:
        return ()
    return tuple(sorted(name for name in names if os.path.isfile(f"{folder}{os.sep}{name}{os.sep}kernel.json")))


def _installed(prefix: str, python: str) -> tuple[str, list[str]] | None:
    """Return the directory of the Python packages and the names in it, or None if it is missing."""
    folder = f"{prefix}{os.sep}lib{os.sep}python{minor_of(python)}{os.sep}site-packages"
    try:
        return folder, names_in(folder)
    except OSError:
        found = site_packages(Path(prefix), python)
        return (str(found), names_in(found)) if found else None


def _replaced(releases: Collection[str], names: Iterable[str]) -> dict[str, PackageStem]:
    """Return the conda packages that pip replaced with another version, by that version's ``name-version``."""
    if not releases:
        return {}
    packages = _packages(names)
    pairs = ((release, packages.get(_name(release))) for release in releases)
    return {release: stem for release, stem in pairs if stem and stem.version != release.partition("-")[2]}


def _pypi(
    prefix: str, folder: str, entries: Iterable[str], names: Iterable[str]
) -> tuple[dict[str, PypiPackage], dict[str, PackageStem]]:
    """Return the pip packages that matter for a list, and the conda packages that they replaced, both by name.

    Those are the pip packages that concern TensorFlow or replaced a conda package. A Python package with the name and
    version of a conda package is assumed to be conda's; its files are not read.
    """
    known = {name.rpartition("-")[0] + _DIST_INFO for name in names}
    # Nearly all names are conda's, so drop those before looking at each one.
    others = [entry for entry in set(entries).difference(known) if entry.endswith(_DIST_INFO)]
    replaced = _replaced([entry[: -len(_DIST_INFO)] for entry in others if entry.lower() not in known], names)
    wanted = [entry for entry in _beginning(entries, LETTERS, BEGINNINGS) if entry.endswith(_DIST_INFO)]
    concerned = {entry for entry in wanted if concerns(_name(entry))}
    found = unowned(prefix, folder, concerned.union(release + _DIST_INFO for release in replaced))
    places = {_name(release): stem for release, stem in replaced.items()}
    pypi = {package.name: package for package in found}
    return pypi, {name: stem for name, stem in places.items() if name in pypi}


def _name(release: str) -> str:
    return normalize(release.partition("-")[0])


def _broken(prefix: str, identifier: str, meta: str) -> Reading | None:
    """Return the facts about a prefix without ``conda-meta``, or None if it is not an environment at all."""
    if not os.path.isdir(prefix):
        return Reading(EnvironmentFacts(identifier, Path(prefix), problems=(unreachable(),)), {meta: time_of(meta)})
    if not any(os.path.isdir(f"{prefix}{os.sep}{part}") for part in ("bin", "Scripts", "lib", "Lib")):
        return None
    message = say(
        "The environment has no conda-meta directory. Its installation did not finish, or it was partly deleted."
    )
    problem = _problem("no-conda-meta", message)
    return Reading(EnvironmentFacts(identifier, Path(prefix), problems=(problem,)), {meta: time_of(meta)})


def is_known(prefix: str) -> bool:
    """Return whether conda recognizes a directory as an environment."""
    return os.path.lexists(f"{prefix}{os.sep}conda-meta{os.sep}history")


def read(prefix: str, real: str, python: str | None = None) -> Reading | None:
    """Return the facts about the environment at ``prefix``, or None if there is none.

    ``real`` is the real path of the prefix, and ``python`` the version of its Python if that is no package. Whatever is
    wrong with the environment becomes a problem among the facts. Raises OSError only if the file system itself fails.
    """
    meta = f"{prefix}{os.sep}conda-meta"
    identifier = hash_of(real)
    # Take the times before reading, so that a change during the read is noticed next time.
    changed = {meta: time_of(meta)}
    try:
        names = names_in(meta)
    except (FileNotFoundError, NotADirectoryError):
        return _broken(prefix, identifier, meta)
    except PermissionError:
        message = say("You do not have permission to read the environment's conda-meta directory.")
        facts = EnvironmentFacts(identifier, Path(prefix), problems=(_problem("unreadable", message),))
        return Reading(facts, changed)
    packages = _packages(_beginning(names, "p" + LETTERS, ("python-", *BEGINNINGS)))
    python = packages["python"].version if "python" in packages else python
    if "state" in names:
        # "conda env config vars" rewrites this file in place, which does not change the time of the directory.
        changed[f"{meta}{os.sep}state"] = time_of(f"{meta}{os.sep}state")
    history = f"{meta}{os.sep}history"
    modified = max(time_of(history), *changed.values()) / 1e9
    interpreter = f"{prefix}{os.sep}{PYTHON}"
    problems = []
    if python and not os.access(interpreter, os.X_OK):
        changed[interpreter] = time_of(interpreter)
        message = say(
            "The environment's Python interpreter is missing or cannot be started: {interpreter}.",
            interpreter=interpreter,
        )
        problems.append(_problem("no-interpreter", message))
    kernels = _own_kernels(f"{prefix}{os.sep}{KERNELS}")
    changed[f"{prefix}{os.sep}{KERNELS}"] = time_of(f"{prefix}{os.sep}{KERNELS}")
    pypi: dict[str, PypiPackage] = {}
    installed = _installed(prefix, python) if python else None
    if installed is not None:
        changed[installed[0]] = time_of(installed[0])
        pypi, replaced = _pypi(prefix, *installed, names)
        packages.update(replaced)
    # Only a change of ours creates this directory.
    has_digest = FOLDER.rpartition("/")[2] in names
    written = history if "history" in names else meta
    is_writable = os.access(written, os.W_OK)
    marker = markers.read(Path(prefix)) if "frozen" in names else None
    facts = EnvironmentFacts(
        id=identifier,
        prefix=Path(prefix),
        packages=packages,
        python=python,
        tensorflow=tensorflow_of(packages, pypi),
        keras=keras_of(packages, pypi),
        tf_keras=keras_of(packages, pypi, "tf-keras"),
        pypi=tuple(pypi.values()),
        kernels=kernels,
        writable=is_writable,
        is_read_only=not is_writable and has_mount_flag(Path(meta), "ST_RDONLY"),
        frozen=marker.message if marker else None,
        shared=_shared(prefix, marker, is_writable),
        modified=datetime.fromtimestamp(modified, timezone.utc).isoformat(timespec="milliseconds"),
        digest=digests.read(Path(prefix), names, installed[1] if installed else ()) if has_digest else None,
        former_kernels=former_kernels.read(Path(prefix)) if has_digest else (),
        problems=tuple(problems),
    )
    return Reading(facts, changed, written)


def damage(prefix: Path) -> list[Advice]:
    """Return a problem if a record is empty, truncated or unreadable. Reads only both ends of each file."""
    damaged = []
    for path in record_files(prefix):
        try:
            with path.open("rb") as file:
                first = file.read(1)
                file.seek(-min(8, os.fstat(file.fileno()).st_size), os.SEEK_END)
                is_whole = first == b"{" and file.read().rstrip().endswith(b"}")
        except FileNotFoundError:
            continue
        except OSError:
            is_whole = False
        if not is_whole:
            damaged.append(path.name)
    if not damaged:
        return []
    return [
        _problem(DAMAGED, say("The environment is damaged. Unreadable records: {damaged}.", damaged=some(damaged, 1)))
    ]


def unreachable() -> Advice:
    """Return the problem of an environment whose files cannot be reached."""
    return _problem(
        UNREACHABLE, say("The environment's directory cannot be reached. A network drive may be unavailable.")
    )
