"""Compile noarch packages once for each Python version, and hard-link the bytecode into every environment.

conda compiles noarch packages when it installs them, but rattler does not, and then the first ``import tensorflow``
takes three times as long. Python checks a ``.pyc`` against the modification time and size of its source. Hard links
keep both, so one file serves every environment (PEP 3147, PEP 552).
"""

# Paths are strings because thousands of them are linked.
# ruff: noqa: PTH102, PTH108
from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from rattler import PrefixRecord

from ...disk import writes
from ...versions import minor_of
from ..prefix.records import record_name, record_stem
from .staging import META

_COMPILE = """
import compileall, sys
import concurrent.futures as futures, os
files = sys.stdin.read().split("\\n")
def one(path):
    compileall.compile_file(path, quiet=2, force=True)
with futures.ProcessPoolExecutor(max(1, os.cpu_count() or 1)) as pool:
    list(pool.map(one, files, chunksize=64))
"""
_TIMEOUT = 900


def compiled_path(source: str, tag: str) -> str:
    """Return the path at which Python looks for the bytecode of ``source``; ``tag`` is such as ``cpython-311``."""
    folder, _, name = source.rpartition("/")
    return f"{folder}/__pycache__/{name[:-3]}.{tag}.pyc".lstrip("/")


def add(prefix: Path, records: Iterable[PrefixRecord], store: Path) -> int:
    """Add bytecode to the noarch Python packages in ``prefix``, from ``store`` or by compiling it into ``store``.

    As conda does, list the compiled files in the packages' records, so that removing a package also removes them.
    Returns the number of packages that had to be compiled, which is 0 if the prefix has no Python.
    """
    python = next((p for p in (prefix / "bin" / "python", prefix / "python.exe") if p.exists()), None)
    noarch = [record for record in records if record.noarch.python]
    if python is None or not noarch:
        return 0
    tag = _cache_tag(prefix)
    fresh = [record for record in noarch if not (_kept(store, tag, record) / ".whole").exists()]
    if fresh:
        sources = [str(prefix / path) for record in fresh for path in map(str, record.files) if path.endswith(".py")]
        with contextlib.suppress(PermissionError):  # an older environment on a file system without programs
            subprocess.run(  # noqa: S603 (our own script in the environment's Python)
                [str(python), "-I", "-B", "-c", _COMPILE],
                input="\n".join(sources),
                text=True,
                check=False,
                timeout=_TIMEOUT,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        for record in fresh:
            _keep(prefix, store, tag, record)
    for record in noarch:
        _link(prefix, store, tag, record, linked=record in fresh)
    return len(fresh)


def _cache_tag(prefix: Path) -> str:
    for name in (prefix / "conda-meta").glob("python-[0-9]*.json"):
        return f"cpython-{minor_of(name.name.split('-')[1]).replace('.', '')}"
    return "none"


def _kept(store: Path, tag: str, record: PrefixRecord) -> Path:
    digest = record.sha256.hex()[:12] if record.sha256 else "nohash"
    return store / tag / f"{record_stem(record)}-{digest}"


def _sources(record: PrefixRecord) -> list[str]:
    return [str(path) for path in record.files if str(path).endswith(".py")]


def _keep(prefix: Path, store: Path, tag: str, record: PrefixRecord) -> None:
    """Add the bytecode of one package to the store, completely or not at all."""
    kept = _kept(store, tag, record)
    partial = kept.with_name(f"{kept.name}.{os.getpid()}")
    for source in _sources(record):
        compiled = compiled_path(source, tag)
        # A package's link would bring its target into the store, and so into other environments.
        if (prefix / compiled).is_file() and not (prefix / compiled).is_symlink():
            target = partial / compiled
            target.parent.mkdir(parents=True, exist_ok=True)
            _share(os.fspath(prefix / compiled), os.fspath(target))
    partial.mkdir(parents=True, exist_ok=True)
    (partial / ".whole").touch()
    try:
        partial.rename(kept)
    except OSError:  # another job was faster
        shutil.rmtree(partial, ignore_errors=True)


def _link(prefix: Path, store: Path, tag: str, record: PrefixRecord, linked: bool) -> None:
    """Link the stored bytecode of one package into the prefix, unless it is ``linked``, and list it in the record."""
    kept = os.fspath(_kept(store, tag, record))
    added = []
    for here, _, names in os.walk(kept):
        beginning = f"{here[len(kept) + 1 :]}{os.sep}"
        compiled = [f"{beginning}{name}" for name in names if name.endswith(".pyc")]
        added += [path.replace(os.sep, "/") for path in compiled]
        if compiled and not linked:
            with contextlib.suppress(FileExistsError):
                os.mkdir(prefix / beginning)
            for path in compiled:
                _share(f"{kept}{os.sep}{path}", f"{prefix}{os.sep}{path}")
    if added:
        place = prefix / META / record_name(record)
        stored = json.loads(place.read_bytes())
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
