"""Read the facts of one environment, and know cheaply whether they still hold."""

# Paths stay text where a thousand of them are looked at in a few milliseconds.
# ruff: noqa: PTH112, PTH113, PTH116, PTH118
from __future__ import annotations

import json
import os
import sys
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from ..conda.prefix.pypi import PypiPackage, normalize, site_packages, unowned
from ..conda.prefix.records import PackageStem, names_in, record_files, stem_of
from ..models import Advice
from ..sentences import some
from ..versions import minor_of
from .discovery import hash_of
from .frameworks import BEGINNINGS, LETTERS, concerns, keras_of, tensorflow_of
from .models import EnvironmentFacts

#: Kernelspecs of a prefix lie here (``jupyter_core.paths``: ``sys.prefix``'s data directory).
KERNELS = os.path.join("share", "jupyter", "kernels")
_DIST_INFO = ".dist-info"
PYTHON = "python.exe" if sys.platform == "win32" else os.path.join("bin", "python")

#: Codes: of the problem that only a closer look finds, and of the one that rules a closer look out.
DAMAGED = "damaged-record"
UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Reading:
    """The facts of an environment, and the times (ns, by path; 0: not there) under which they hold."""

    facts: EnvironmentFacts
    changed: dict[str, int]

    def holds(self) -> bool:
        """Tell whether nothing that would change the facts changed since."""
        for path, time in self.changed.items():  # noqa: SIM110 - a generator takes longer than the two looks
            if _time(path) != time:
                return False
        return True


def _time(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _problem(code: str, message: str) -> Advice:
    return Advice(code, "error", message)


def _packages(names: Iterable[str]) -> dict[str, PackageStem]:
    """Return the packages, by normalized name, of the records that have these names."""
    return {normalize(stem.name): stem for stem in map(stem_of, names) if stem}


def _beginning(names: Iterable[str], letters: str, beginnings: tuple[str, ...]) -> list[str]:
    """Return the names that begin so; ``letters`` are the first ones, which sorts out nearly all others quickly."""
    return [name for name in names if name[0] in letters and name.startswith(beginnings)]


def _frozen(meta: str, names: Collection[str]) -> str | None:
    """Return why an environment must not be changed, as its ``frozen`` file says (CEP 22), or None."""
    if "frozen" not in names:
        return None
    try:
        message = json.loads(Path(meta, "frozen").read_text(encoding="utf-8")).get("message")
    except (OSError, ValueError, AttributeError):
        message = None
    return str(message) if message else "Whoever made it marked it so."


def _own_kernels(folder: str) -> tuple[str, ...]:
    try:
        names = names_in(folder)
    except OSError:
        return ()
    return tuple(sorted(name for name in names if os.path.isfile(f"{folder}{os.sep}{name}{os.sep}kernel.json")))


def _installed(prefix: str, python: str) -> tuple[str, list[str]] | None:
    """Return the directory of the Python packages and the names in it."""
    folder = f"{prefix}{os.sep}lib{os.sep}python{minor_of(python)}{os.sep}site-packages"
    try:
        return folder, names_in(folder)
    except OSError:
        found = site_packages(Path(prefix), python)
        return (str(found), names_in(found)) if found else None


def _replaced(releases: Collection[str], names: Iterable[str]) -> dict[str, PackageStem]:
    """Return conda packages by the Python package (``name-version``) of another version in their place."""
    if not releases:
        return {}
    packages = _packages(names)
    pairs = ((release, packages.get(_name(release))) for release in releases)
    return {release: stem for release, stem in pairs if stem and stem.version != release.partition("-")[2]}


def _pypi(
    prefix: str, folder: str, entries: Iterable[str], names: Iterable[str]
) -> tuple[dict[str, PypiPackage], dict[str, PackageStem]]:
    """Return what pip installed that matters for a list, and the conda packages in whose place that is, by name.

    What matters is TensorFlow's, and what replaced a conda package. Every other one with the name and
    version of a conda package is taken for it without a look into its files.
    """
    known = {name.rpartition("-")[0] + _DIST_INFO for name in names}
    # Nearly all names are conda's: they go before anything is done with each.
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
    """Return what is known where ``conda-meta`` is missing; None where it is no environment at all."""
    if not os.path.isdir(prefix):
        return Reading(EnvironmentFacts(identifier, Path(prefix), problems=(unreachable(),)), {meta: _time(meta)})
    if not any(os.path.isdir(f"{prefix}{os.sep}{part}") for part in ("bin", "Scripts", "lib", "Lib")):
        return None
    message = "It has no conda-meta directory: its installation was not finished, or it was partly deleted."
    problem = _problem("no-conda-meta", message)
    return Reading(EnvironmentFacts(identifier, Path(prefix), problems=(problem,)), {meta: _time(meta)})


def read(prefix: str, real: str) -> Reading | None:
    """Return the facts of the environment at ``prefix`` (``real`` is its real path); None where there is none.

    Whatever is wrong with it becomes a problem among the facts. OSError only where the file system itself
    fails.
    """
    meta = f"{prefix}{os.sep}conda-meta"
    identifier = hash_of(real)
    # Times before what they date: a change while it is read shows as one afterwards.
    changed = {meta: _time(meta)}
    try:
        names = names_in(meta)
    except (FileNotFoundError, NotADirectoryError):
        return _broken(prefix, identifier, meta)
    except PermissionError:
        message = "Its conda-meta directory cannot be read with your permissions."
        facts = EnvironmentFacts(identifier, Path(prefix), problems=(_problem("unreadable", message),))
        return Reading(facts, changed)
    packages = _packages(_beginning(names, "p" + LETTERS, ("python-", *BEGINNINGS)))
    python = packages["python"].version if "python" in packages else None
    if "state" in names:
        # Variables of the environment (conda env config vars) are written where they lie.
        changed[f"{meta}{os.sep}state"] = _time(f"{meta}{os.sep}state")
    history = f"{meta}{os.sep}history"
    modified = max(_time(history), *changed.values()) / 1e9
    interpreter = f"{prefix}{os.sep}{PYTHON}"
    problems = []
    if python and not os.access(interpreter, os.X_OK):
        changed[interpreter] = _time(interpreter)
        message = f"Its Python interpreter {interpreter} is missing or cannot be started."
        problems.append(_problem("no-interpreter", message))
    kernels = _own_kernels(f"{prefix}{os.sep}{KERNELS}")
    if not kernels:
        changed[f"{prefix}{os.sep}{KERNELS}"] = _time(f"{prefix}{os.sep}{KERNELS}")
    pypi: dict[str, PypiPackage] = {}
    installed = _installed(prefix, python) if python else None
    if installed is not None:
        changed[installed[0]] = _time(installed[0])
        pypi, replaced = _pypi(prefix, *installed, names)
        packages.update(replaced)
    facts = EnvironmentFacts(
        id=identifier,
        prefix=Path(prefix),
        is_known="history" in names,
        packages=packages,
        python=python,
        tensorflow=tensorflow_of(packages, pypi),
        keras=keras_of(packages, pypi),
        tf_keras=keras_of(packages, pypi, "tf-keras"),
        pypi=tuple(pypi.values()),
        kernels=kernels,
        writable=os.access(history if "history" in names else meta, os.W_OK),
        frozen=_frozen(meta, names),
        modified=datetime.fromtimestamp(modified, timezone.utc).isoformat(timespec="milliseconds"),
        problems=tuple(problems),
    )
    return Reading(facts, changed)


def damage(prefix: Path) -> list[Advice]:
    """Return a problem where a record is empty, cut off or unreadable (the ends of each file are looked at)."""
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
    return [_problem(DAMAGED, f"It is damaged: its record {some(damaged, 1)} cannot be read.")]


def unreachable() -> Advice:
    """Return the problem of an environment whose files do not answer."""
    return _problem(UNREACHABLE, "Its directory cannot be reached; perhaps a network drive is away.")
