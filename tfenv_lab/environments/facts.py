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

from ..conda.pypi import PypiPackage, is_version_of, normalize, site_packages, unowned
from ..conda.records import names_in
from .discovery import hash_of
from .frameworks import BEGINNINGS, concerns, keras_of, tensorflow_of
from .models import Advice, EnvironmentFacts

#: Kernelspecs of a prefix lie here (``jupyter_core.paths``: ``sys.prefix``'s data directory).
KERNELS = os.path.join("share", "jupyter", "kernels")
PYTHON = "python.exe" if sys.platform == "win32" else os.path.join("bin", "python")

#: The code of the problem that only a closer look finds.
DAMAGED = "damaged-record"


@dataclass(frozen=True)
class Reading:
    """The facts of an environment, and the paths whose modification times tell whether they still hold."""

    facts: EnvironmentFacts
    watched: tuple[str, ...]


def times(watched: Iterable[str]) -> tuple[int, ...]:
    """Return modification times, in nanoseconds; 0 for what is not there."""
    return tuple(map(_time, watched))


def _time(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


def _problem(code: str, message: str) -> Advice:
    return Advice(code, "error", message)


def _packages(names: Iterable[str], beginnings: tuple[str, ...] = ("",)) -> dict[str, tuple[str, str]]:
    """Return version and build by package name, of the records whose names begin so."""
    split = (name[:-5].rsplit("-", 2) for name in names if name.startswith(beginnings) and name.endswith(".json"))
    return {parts[0]: (parts[1], parts[2]) for parts in split if len(parts) == 3}


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


def _site_packages(prefix: str, python: str) -> str | None:
    folder = os.path.join(prefix, "lib", "python" + ".".join(python.split(".")[:2]), "site-packages")
    if os.path.isdir(folder):
        return folder
    found = site_packages(Path(prefix), python)
    return str(found) if found else None


def _pypi(prefix: str, folder: str | None, names: Iterable[str]) -> dict[str, PypiPackage]:
    """Return pip's packages that matter for a list, by name: TensorFlow's, and those in a conda package's place.

    Every other one with the name and version of a conda package is taken for it without a look into its
    files.
    """
    if folder is None:
        return {}
    releases = {name.rpartition("-")[0] for name in names}
    installed = [entry for entry in names_in(folder) if entry.endswith(".dist-info")]
    wanted = [entry for entry in installed if entry.startswith(BEGINNINGS) and concerns(_name(entry))]
    odd = [entry for entry in installed if entry[:-10] not in releases and entry[:-10].lower() not in releases]
    if odd:
        versions = {name: version for name, (version, _) in _packages(names).items()}
        for entry in odd:
            name, version = _name(entry), entry[:-10].partition("-")[2]
            if name in versions and not is_version_of(name, version, versions) and entry not in wanted:
                wanted.append(entry)
    return {package.name: package for package in unowned(Path(prefix), folder, wanted)}


def _name(entry: str) -> str:
    return normalize(entry.partition("-")[0])


def _broken(prefix: str, identifier: str, meta: str) -> Reading | None:
    """Return what is known where ``conda-meta`` is missing; None where it is no environment at all."""
    if not os.path.isdir(prefix):
        return Reading(EnvironmentFacts(identifier, Path(prefix), problems=(unreachable(),)), (meta,))
    if not any(os.path.isdir(f"{prefix}{os.sep}{part}") for part in ("bin", "Scripts", "lib", "Lib")):
        return None
    message = "It has no conda-meta directory: its installation was not finished, or it was partly deleted."
    problem = _problem("no-conda-meta", message)
    return Reading(EnvironmentFacts(identifier, Path(prefix), problems=(problem,)), (meta,))


def read(prefix: str, real: str) -> Reading | None:
    """Return the facts of the environment at ``prefix`` (``real`` is its real path); None where there is none.

    Whatever is wrong with it becomes a problem among the facts. OSError only where the file system itself
    fails.
    """
    meta = f"{prefix}{os.sep}conda-meta"
    identifier = hash_of(real)
    try:
        names = names_in(meta)
    except (FileNotFoundError, NotADirectoryError):
        return _broken(prefix, identifier, meta)
    except PermissionError:
        message = "Its conda-meta directory cannot be read with your permissions."
        facts = EnvironmentFacts(identifier, Path(prefix), problems=(_problem("unreadable", message),))
        return Reading(facts, (meta,))
    packages = _packages(names, ("python-", *BEGINNINGS))
    python = packages["python"][0] if "python" in packages else None
    interpreter = f"{prefix}{os.sep}{PYTHON}"
    is_broken = python is not None and not os.access(interpreter, os.X_OK)
    folder = _site_packages(prefix, python) if python else None
    pypi = _pypi(prefix, folder, names)
    kernels = _own_kernels(f"{prefix}{os.sep}{KERNELS}")
    history, state = f"{meta}{os.sep}history", f"{meta}{os.sep}state"
    # Variables of the environment (conda env config vars) are written where they lie.
    variables = (state,) if "state" in names else ()
    modified = max(times((meta, history, *variables))) / 1e9
    message = f"Its Python interpreter {interpreter} is missing or cannot be started."
    facts = EnvironmentFacts(
        id=identifier,
        prefix=Path(prefix),
        meta_names=tuple(names),
        python=python,
        tensorflow=tensorflow_of(packages, pypi),
        keras=keras_of(packages, pypi),
        pypi=tuple(pypi.values()),
        kernels=kernels,
        writable=os.access(history if "history" in names else meta, os.W_OK),
        frozen=_frozen(meta, names),
        modified=datetime.fromtimestamp(modified, timezone.utc).isoformat(timespec="milliseconds"),
        problems=(_problem("no-interpreter", message),) if is_broken else (),
    )
    # A package changes conda-meta or site-packages; what is missing is looked for beside that.
    missing: tuple[str, ...] = (interpreter,) if is_broken else ()
    missing += (f"{prefix}{os.sep}{KERNELS}",) if not kernels else ()
    return Reading(facts, (meta, *variables, *((folder,) if folder else ()), *missing))


def damage(prefix: Path, names: Iterable[str]) -> list[Advice]:
    """Return a problem where a record is empty, cut off or unreadable (the ends of each file are looked at)."""
    damaged = []
    for name in sorted(names):
        if not name.endswith(".json"):
            continue
        try:
            with (prefix / "conda-meta" / name).open("rb") as file:
                first = file.read(1)
                file.seek(-min(8, os.fstat(file.fileno()).st_size), os.SEEK_END)
                is_whole = first == b"{" and file.read().rstrip().endswith(b"}")
        except FileNotFoundError:
            continue
        except OSError:
            is_whole = False
        if not is_whole:
            damaged.append(name)
    if not damaged:
        return []
    more = f" and {len(damaged) - 1} more" if len(damaged) > 1 else ""
    return [_problem(DAMAGED, f"It is damaged: its record {damaged[0]}{more} cannot be read.")]


def unreachable() -> Advice:
    """Return the problem of an environment whose files do not answer."""
    return _problem("unreachable", "Its directory cannot be reached; perhaps a network drive is away.")
