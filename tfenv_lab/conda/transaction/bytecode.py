"""Compile noarch packages and wheels once for each Python version, and hard-link the bytecode into every environment.

conda compiles noarch packages when it installs them, and pip wheels; rattler and uv do not, and then the first ``import
tensorflow`` takes three times as long. Python checks a ``.pyc`` against the modification time and size of its source.
Hard links keep both, so one file serves every environment (PEP 3147, PEP 552).
"""

# Paths are strings because thousands of them are linked.
# ruff: noqa: PTH102, PTH108, PTH116
from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rattler import PrefixRecord, RepoDataRecord

from ... import serde
from ...disk import writes
from ...pypi.models import Distribution
from ...versions import minor_of
from ..prefix import overlays
from ..prefix.records import record_name, record_stem
from .compiling import Compiler
from .staging import META


def compiled_path(source: str, tag: str) -> str:
    """Return the path at which Python looks for the bytecode of ``source``; ``tag`` is such as ``cpython-311``."""
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name[:-3]}.{tag}.pyc".lstrip("/")


class _Package(NamedTuple):
    """The sources of one package, as paths inside the tree, and the directory that keeps its bytecode, if any does."""

    sources: Sequence[str]
    kept: Path | None

    @property
    def is_kept(self) -> bool:
        return _is_whole(self.kept)


class Ahead:
    """Compiles the noarch packages of a change as soon as each is linked, while others are downloaded and unpacked.

    As a context manager, it leaves no process behind. It is thread-safe.
    """

    def __init__(
        self, tree: Path, records: Iterable[RepoDataRecord], coming: Collection[RepoDataRecord], store: Path
    ) -> None:
        """Compile those of the packages ``coming`` that ``store`` does not keep, with the Python among ``records``."""
        python = next((record for record in records if record.name.normalized == "python"), None)
        tag = _tag(str(python.version)) if python else "none"
        noarch = [record for record in coming if record.noarch.python]
        self._names = {record.name.normalized for record in noarch if not _is_whole(_kept_at(record, store / tag))}
        self._is_cloned = python is not None and python not in coming
        #: The compiler, if there is something to compile.
        self.compiler: Compiler | None = None
        if python is not None and self._names:
            self.compiler = Compiler(tree / ("python.exe" if sys.platform == "win32" else "bin/python"), tree)
        self._waiting: list[str] = []
        self._is_ready = False
        self._lock = threading.Lock()

    def linked(self, name: str, files: Iterable[str]) -> None:
        """Note that a package with these files is linked."""
        with self._lock:
            if name in self._names:
                self._waiting += [path for path in files if path.endswith(".py")]
            self._is_ready = self._is_ready or name == "python"
            self._begin()

    def cloned(self) -> None:
        """Note that the packages that stay are in the tree."""
        with self._lock:
            self._is_ready = self._is_ready or self._is_cloned
            self._begin()

    def _begin(self) -> None:
        if self.compiler is not None and self._is_ready and self._waiting:
            self.compiler.add(self._waiting)
            self._waiting = []

    def __enter__(self) -> Ahead:
        return self

    def __exit__(self, *error: object) -> None:
        if self.compiler is not None:
            self.compiler.close()


def add(
    prefix: Path,
    records: Iterable[PrefixRecord],
    store: Path,
    done: Callable[[float], None] = lambda part: None,
    ahead: Ahead | None = None,
) -> int:
    """Add bytecode to the noarch Python packages in ``prefix``, from ``store`` or by compiling it into ``store``.

    As conda does, list the compiled files in the packages' records, so that removing a package also removes them. Call
    ``done`` with the part of the files, from 0 to 1, that is compiled; ``ahead`` may have compiled some of them.
    Returns the number of packages that had to be compiled, which is 0 if the prefix has no Python.
    """
    tag = _cache_tag(prefix)
    noarch = {record_name(record): _noarch(record, store / tag) for record in records if record.noarch.python}
    compiled = _supply(prefix, prefix, tag, list(noarch.values()), done, ahead)
    if compiled is not None:
        for name, package in noarch.items():
            _list_in_record(prefix, prefix / META / name, tag, package)
    return compiled or 0


def add_to_wheels(
    tree: Path,
    prefix: Path,
    wheels: Mapping[Distribution, Iterable[str]],
    store: Path,
    done: Callable[[float], None] = lambda part: None,
) -> int:
    """Add bytecode to packages from an index that are in ``tree``, for the Python of ``prefix``, as :func:`add` does.

    ``wheels`` has the files of each. Their modification times are those of uv's unpacked wheel if they have hard links
    to it; the bytecode is kept for this one. Files that were copied have new times in each environment. RECORD does not
    list bytecode, because pip and uv do not either; they remove it with its source.
    """
    tag = _cache_tag(prefix)
    packages = []
    for distribution, files in wheels.items():
        sources = sorted(path for path in files if path.endswith(".py") and "site-packages/" in path)
        packages.append(_Package(sources, _place_of(distribution, tree, sources, store / tag)))
    return _supply(tree, prefix, tag, packages, done) or 0


def _noarch(record: PrefixRecord, store: Path) -> _Package:
    return _Package([path for path in map(str, record.files) if path.endswith(".py")], _kept_at(record, store))


def _kept_at(record: RepoDataRecord, store: Path) -> Path:
    digest = record.sha256.hex()[:12] if record.sha256 else "nohash"
    return store / f"{record_stem(record)}-{digest}"


def _is_whole(kept: Path | None) -> bool:
    return kept is not None and (kept / ".whole").exists()


def _place_of(distribution: Distribution, tree: Path, sources: Sequence[str], store: Path) -> Path | None:
    if not sources or not distribution.is_wheel or distribution.sha256 is None:
        return None
    status = os.stat(f"{tree}{os.sep}{sources[0]}")
    if status.st_nlink < 2:
        return None
    return store / f"{distribution.name}-{distribution.version}-{distribution.sha256[:12]}-{status.st_mtime_ns}"


def _supply(
    tree: Path,
    prefix: Path,
    tag: str,
    packages: Sequence[_Package],
    done: Callable[[float], None],
    ahead: Ahead | None = None,
) -> int | None:
    """Link the bytecode of packages into ``tree``, compiled by the Python of ``prefix`` if it is not kept.

    Return the number of packages that were compiled, or None if there is no Python.
    """
    python = next((p for p in (prefix / "bin" / "python", prefix / "python.exe") if p.exists()), None)
    if python is None:
        return None
    fresh = [package for package in packages if package.sources and not package.is_kept]
    known = [package for package in packages if package.is_kept]
    if fresh:
        compiled = _compile(python, tree, fresh, done, ahead.compiler if ahead else None)
        for package in fresh:
            # Bytecode that is incomplete, because a process died or the disk was full, must not become that of others.
            if compiled.issuperset(package.sources):
                _keep(tree, tag, package)
        missing = len({source for package in fresh for source in package.sources} - compiled)
        if missing:
            # Standard error goes to the job's log.
            print(f"{missing} Python files could not be compiled; Python does that later.", file=sys.stderr, flush=True)
    for number, package in enumerate(known, 1):
        _link(tree, package)
        if not fresh:
            done(number / len(known))
    return len(fresh)


def _compile(
    python: Path, tree: Path, packages: Iterable[_Package], done: Callable[[float], None], first: Compiler | None
) -> set[str]:
    """Compile packages with a Python, and return the files that are compiled. Raises TimeoutExpired."""
    files = {source for package in packages for source in package.sources}
    compiled: set[str] = set()
    # A process may have died because the machine had no memory left for it, so those files get a second attempt.
    for compiler in (first or Compiler(python, tree), Compiler(python, tree)):
        with compiler:
            compiler.add(sorted(files - compiled), done)
            compiler.finish()
        compiled |= compiler.compiled
        if compiled >= files:
            break
    return compiled


def _cache_tag(prefix: Path) -> str:
    for name in (prefix / "conda-meta").glob("python-[0-9]*.json"):
        return _tag(name.name.split("-")[1])
    base = overlays.read(prefix)
    return _tag(base.python) if base else "none"


def _tag(version: str) -> str:
    return f"cpython-{minor_of(version).replace('.', '')}"


def _keep(tree: Path, tag: str, package: _Package) -> None:
    """Add the bytecode of one package to the store, completely or not at all."""
    if package.kept is None:
        return
    partial = package.kept.with_name(f"{package.kept.name}.{os.getpid()}")
    try:
        for source in package.sources:
            compiled = compiled_path(source, tag)
            # A package's link would bring its target into the store, and so into other environments.
            if (tree / compiled).is_file() and not (tree / compiled).is_symlink():
                target = partial / compiled
                target.parent.mkdir(parents=True, exist_ok=True)
                _share(os.fspath(tree / compiled), os.fspath(target))
        partial.mkdir(parents=True, exist_ok=True)
        (partial / ".whole").touch()
        with contextlib.suppress(OSError):  # another job was faster
            partial.rename(package.kept)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _compiled(package: _Package) -> Iterator[tuple[str, list[str]]]:
    """Yield each directory of a kept package that has bytecode, with the paths of its files."""
    kept = os.fspath(package.kept or "")
    for here, _, names in os.walk(kept):
        beginning = f"{here[len(kept) + 1 :]}{os.sep}"
        compiled = [f"{beginning}{name}" for name in names if name.endswith(".pyc")]
        if compiled:
            yield beginning, compiled


def _link(tree: Path, package: _Package) -> None:
    """Link the kept bytecode of one package into the tree."""
    for beginning, compiled in _compiled(package):
        with contextlib.suppress(FileExistsError):
            os.mkdir(tree / beginning)
        for path in compiled:
            # A cleaning may have just deleted the kept one.
            with contextlib.suppress(FileNotFoundError):
                _share(f"{package.kept}{os.sep}{path}", f"{tree}{os.sep}{path}")


def _list_in_record(tree: Path, place: Path, tag: str, package: _Package) -> None:
    """List the bytecode of a package in its record."""
    if package.is_kept:
        added = [path.replace(os.sep, "/") for _, compiled in _compiled(package) for path in compiled]
    else:
        compiled_paths = [compiled_path(source, tag) for source in package.sources]
        added = [path for path in compiled_paths if (tree / path).is_file()]
    if added:
        stored = serde.parse(place.read_bytes())
        known = set(stored["files"])
        new = [name for name in added if name not in known]
        stored["files"] += new
        stored["paths_data"]["paths"] += [{"_path": name, "path_type": "pyc_file"} for name in new]
        writes.replace(place, json.dumps(stored))


def _share(source: str, target: str) -> None:
    """Hard-link a file, replacing an existing one, or copy it if it cannot be linked."""
    try:
        os.link(source, target)
    except FileExistsError:
        os.unlink(target)
        _share(source, target)
    except OSError:
        shutil.copy2(source, target)
