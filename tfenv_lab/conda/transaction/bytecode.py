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
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from rattler import PrefixRecord

from ... import serde
from ...disk import writes
from ...pypi.models import Distribution
from ...versions import minor_of
from ..prefix import overlays
from ..prefix.records import record_name, record_stem
from .staging import META

_COMPILE = """
import compileall, sys
import concurrent.futures as futures, os
files = sys.stdin.read().split("\\n")
root = sys.argv[1]
def one(path):
    # Paths inside the tree make the same bytecode in every environment. Python completes them when it imports a module.
    folder = os.path.dirname(os.path.relpath(path, root))
    compileall.compile_file(path, ddir=folder, quiet=2, force=True)
with futures.ProcessPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
    for number, _ in enumerate(pool.map(one, files, chunksize=16), 1):
        if number % 16 == 0:
            print(number, flush=True)
"""
#: Maximum seconds to compile the files of a change.
LIMIT = 900


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
        return self.kept is not None and (self.kept / ".whole").exists()


def add(
    prefix: Path, records: Iterable[PrefixRecord], store: Path, done: Callable[[float], None] = lambda part: None
) -> int:
    """Add bytecode to the noarch Python packages in ``prefix``, from ``store`` or by compiling it into ``store``.

    As conda does, list the compiled files in the packages' records, so that removing a package also removes them. Call
    ``done`` with the part of the files, from 0 to 1, that is compiled. Returns the number of packages that had to be
    compiled, which is 0 if the prefix has no Python.
    """
    tag = _cache_tag(prefix)
    noarch = {record_name(record): _noarch(record, store / tag) for record in records if record.noarch.python}
    compiled = _supply(prefix, prefix, tag, list(noarch.values()), done)
    if compiled is not None:
        for name, package in noarch.items():
            _list_in_record(prefix / META / name, package)
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
    digest = record.sha256.hex()[:12] if record.sha256 else "nohash"
    sources = [path for path in map(str, record.files) if path.endswith(".py")]
    return _Package(sources, store / f"{record_stem(record)}-{digest}")


def _place_of(distribution: Distribution, tree: Path, sources: Sequence[str], store: Path) -> Path | None:
    if not sources or not distribution.is_wheel or distribution.sha256 is None:
        return None
    status = os.stat(f"{tree}{os.sep}{sources[0]}")
    if status.st_nlink < 2:
        return None
    return store / f"{distribution.name}-{distribution.version}-{distribution.sha256[:12]}-{status.st_mtime_ns}"


def _supply(
    tree: Path, prefix: Path, tag: str, packages: Sequence[_Package], done: Callable[[float], None]
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
        with contextlib.suppress(PermissionError):  # an older environment on a file system without programs
            _compile(python, tree, [str(tree / source) for package in fresh for source in package.sources], done)
        for package in fresh:
            _keep(tree, tag, package)
    for package in known:
        _link(tree, package)
    return len(fresh)


def _compile(python: Path, tree: Path, files: Sequence[str], done: Callable[[float], None]) -> None:
    """Compile files with a Python. Raises TimeoutExpired."""
    late = False

    def end() -> None:
        nonlocal late
        late = True
        _kill(process)

    with subprocess.Popen(  # noqa: S603 - our own script in the environment's Python
        [str(python), "-I", "-B", "-c", _COMPILE, str(tree)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        timer = threading.Timer(LIMIT, end)
        timer.start()
        try:
            if process.stdin is None or process.stdout is None:  # for the type checker
                raise RuntimeError("the compiler has no pipes")
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write("\n".join(files))
                process.stdin.close()
            for line in process.stdout:
                with contextlib.suppress(ValueError):
                    done(int(line) / len(files))
        finally:
            timer.cancel()
    if late:
        raise subprocess.TimeoutExpired(str(python), LIMIT)


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill a process and those that it started, which would keep its pipe open."""
    import psutil

    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
    process.kill()


def _cache_tag(prefix: Path) -> str:
    for name in (prefix / "conda-meta").glob("python-[0-9]*.json"):
        return f"cpython-{minor_of(name.name.split('-')[1]).replace('.', '')}"
    base = overlays.read(prefix)
    return f"cpython-{minor_of(base.python).replace('.', '')}" if base else "none"


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


def _list_in_record(place: Path, package: _Package) -> None:
    """List the kept bytecode of a package in its record."""
    added = [path.replace(os.sep, "/") for _, compiled in _compiled(package) for path in compiled]
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
