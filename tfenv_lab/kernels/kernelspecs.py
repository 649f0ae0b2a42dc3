"""Read and write kernelspecs: those inside an environment, and ours in the user's kernel directory.

Ours are marked by ``metadata.tfenv_lab``; a kernelspec without that mark is never changed or removed.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from jupyter_core.paths import jupyter_data_dir, jupyter_path

from .. import serde
from ..conda.prefix.records import names_in
from ..disk import faults
from ..disk.reads import BoundedReads
from ..disk.writes import is_within
from ..errors import UnusableDirectory

log = logging.getLogger(__name__)

#: The key of our mark in a kernelspec's metadata.
MARK = "tfenv_lab"
#: Version of the kernelspecs that we write; a higher number causes older ones to be rewritten.
FORMAT = 6
#: Directory of an environment's own kernelspecs.
INSIDE = Path("share", "jupyter", "kernels")


@dataclass(frozen=True)
class Kernelspec:
    """One kernelspec: its name, the directory of ``kernel.json`` and the icons, and the JSON."""

    name: str
    folder: Path
    spec: Mapping[str, Any] = field(repr=False)

    @property
    def display_name(self) -> str:
        """Name that users see."""
        return str(self.spec.get("display_name") or self.name)

    @cached_property
    def mark(self) -> dict[str, Any] | None:
        """Our mark, with at least ``prefix`` and ``kernel``, or None if the kernelspec is not ours."""
        metadata = self.spec.get("metadata")
        mark = metadata.get(MARK) if isinstance(metadata, dict) else None
        is_ours = isinstance(mark, dict) and all(isinstance(mark.get(key), str) for key in ("prefix", "kernel"))
        return mark if is_ours else None


def user_folder() -> Path:
    """Return the user's kernel directory, which depends on ``JUPYTER_DATA_DIR``."""
    return Path(jupyter_data_dir()) / "kernels"


def fault() -> UnusableDirectory | None:
    """Return the error that says why no kernelspec can be written into the user's directory, or None."""
    folder = user_folder()
    reason = _faults.run([folder])[folder]
    if not isinstance(reason, str):
        return None
    return UnusableDirectory(
        f"Kernels cannot be registered in {folder}: {reason}.",
        hint="Make this directory writable, or set JUPYTER_DATA_DIR to another directory and restart Jupyter.",
    )


#: A drive that does not answer may only be slow.
_faults = BoundedReads(faults.fault)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Turn an error of writing to the user's directory into one that says which directory, and what to do."""
    try:
        yield
    except OSError as error:
        found = fault() or faults.translated(error)
        if found is None:
            raise
        raise found from error


def read(folder: Path) -> Kernelspec | None:
    """Return the kernelspec in a directory, or None if there is none or it cannot be read."""
    path = folder / "kernel.json"
    try:
        # Reading a named pipe would never end.
        spec = serde.parse(path.read_text(encoding="utf-8")) if path.is_file() else None
    except (OSError, ValueError):
        return None
    return Kernelspec(folder.name, folder, spec) if isinstance(spec, dict) else None


def texts(env: object) -> dict[str, str]:
    """Return those of a kernelspec's variables that Jupyter can set, because a user may have edited the file."""
    items = env.items() if isinstance(env, dict) else ()
    return {name: value for name, value in items if isinstance(name, str) and isinstance(value, str)}


def inside(prefix: Path) -> list[Kernelspec]:
    """Return an environment's own kernelspecs, Python's first.

    Leaves out generated ones (``conda-…``), hidden directories, and kernelspecs that cannot start a kernel.
    """
    try:
        folders = sorted((prefix / INSIDE).iterdir())
    except OSError:
        return []
    found = [read(folder) for folder in folders if counts(folder.name)]
    specs = [spec for spec in found if spec is not None and _can_start(spec.spec)]
    return sorted(specs, key=lambda spec: (spec.name not in ("python3", "python2"), spec.name))


def counts(name: str) -> bool:
    """Return whether a directory can have a kernelspec that is an environment's own: not generated, and not hidden."""
    return not name.startswith(("conda-", "."))


def _can_start(spec: Mapping[str, Any]) -> bool:
    argv = spec.get("argv")
    return isinstance(argv, list) and bool(argv) and all(isinstance(part, str) for part in argv)


def ours() -> Iterator[Kernelspec]:
    """Yield the kernelspecs in the user's directory that carry our mark."""
    try:
        entries = sorted(user_folder().iterdir())
    except OSError:
        return
    for entry in entries:
        spec = read(entry)
        if spec is not None and spec.mark is not None:
            yield spec


class Found(NamedTuple):
    """A kernelspec that Jupyter lists, and a stamp that changes with its file: mtime in ns, size in bytes, inode."""

    spec: Kernelspec
    stamp: tuple[int, int, int]


class RealPaths:
    """A cache of the real paths of prefixes; if a drive does not answer, the path itself stands for the real one."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._reads: BoundedReads[str, str] = BoundedReads(os.path.realpath)

    def of(self, prefixes: Iterable[str]) -> dict[str, str]:
        """Return the real path of each prefix. Blocks for at most a few seconds."""
        wanted = set(prefixes)
        for prefix, real in self._reads.run(wanted - self._known.keys()).items():
            if isinstance(real, str):
                self._known[prefix] = real
        return {prefix: self._known.get(prefix, prefix) for prefix in wanted}

    def of_one(self, prefix: str) -> str:
        """Return the real path of one prefix."""
        return self.of([prefix])[prefix]

    def forget(self, prefix: str) -> None:
        """Resolve a prefix again the next time."""
        self._known.pop(prefix, None)


class Cache:
    """A cache of the kernelspecs that Jupyter finds; it reads a kernelspec again only if its file changed."""

    def __init__(self) -> None:
        self._known: dict[str, Found | None] = {}
        self.reals = RealPaths()

    def everywhere(self) -> list[Found]:
        """Return the kernelspecs that plain Jupyter lists; if several have the same name, the first on its path."""
        found: dict[str, Found] = {}
        current: dict[str, Found | None] = {}
        for folder in jupyter_path("kernels"):
            for path, each in self._in(folder):
                current[path] = each
                if each is not None:
                    found.setdefault(each.spec.name.lower(), each)
        self._known = current
        return list(found.values())

    def ours(self) -> list[Kernelspec]:
        """Return the kernelspecs in the user's directory that carry our mark, by name."""
        found = [each.spec for _, each in self._in(str(user_folder())) if each is not None and each.spec.mark]
        return sorted(found, key=lambda spec: spec.name)

    def _in(self, folder: str) -> Iterator[tuple[str, Found | None]]:
        """Yield the path of each kernelspec in a directory with the kernelspec, or None if it cannot be read."""
        try:
            names = names_in(folder)
        except OSError:
            return
        for name in names:
            path = f"{folder}{os.sep}{name}{os.sep}kernel.json"
            try:
                status = os.stat(path)  # noqa: PTH116 - a thousand of them in a few milliseconds
            except OSError:
                continue
            stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
            known = self._known.get(path)
            if known is None or known.stamp != stamp:
                known = self._known[path] = self._read(Path(folder, name), stamp)
            yield path, known

    def _read(self, folder: Path, stamp: tuple[int, int, int]) -> Found | None:
        spec = read(folder)
        if spec is None:
            return None
        if spec.mark is not None:
            # The prefix may be a link that now leads elsewhere.
            self.reals.forget(spec.mark["prefix"])
        return Found(spec, stamp)

    def environments(self, specs: Iterable[Kernelspec]) -> dict[str, str]:
        """Return the real path of each kernelspec's environment, by the kernelspec's name, if it is known.

        Each of our kernelspecs records its environment; for others, ``argv`` tells it. Blocks for at most a few
        seconds.
        """
        specs = list(specs)
        ours = {spec.name: str(spec.mark["prefix"]) for spec in specs if spec.mark}
        programs = {spec.name: program for spec in specs if not spec.mark and (program := _program_of(spec))}
        found = _prefixes.run(programs.values())
        others = {name: str(prefix) for name, program in programs.items() if isinstance(prefix := found[program], Path)}
        prefixes = {**ours, **others}
        reals = self.reals.of(prefixes.values())
        return {name: reals[prefix] for name, prefix in prefixes.items()}


def prefix_of(spec: Kernelspec) -> str | None:
    """Return the prefix of a kernelspec's environment, if it is known: of ours, nb_conda_kernels' or another one."""
    if spec.mark is not None:
        return str(spec.mark["prefix"])
    metadata = spec.spec.get("metadata")
    named = metadata.get("conda_env_path") if isinstance(metadata, dict) else None
    if isinstance(named, str) and named:
        return named
    program = _program_of(spec)
    found = _prefixes.run([program])[program] if program else None
    return str(found) if isinstance(found, Path) else None


def _program_of(spec: Kernelspec) -> str | None:
    argv = spec.spec.get("argv")
    return argv[0] if isinstance(argv, list) and argv and isinstance(argv[0], str) else None


def _prefix_of(text: str) -> Path | None:
    """Return the prefix of the conda environment that contains a program, or None if it is unknown."""
    program = Path(text)
    if program.is_absolute():
        prefix = program.parent.parent if program.parent.name in ("bin", "Scripts") else program.parent
    elif program.name.startswith("python"):
        # Jupyter replaces a bare "python" with the server's own interpreter.
        prefix = Path(sys.prefix)
    else:
        return None
    return prefix if (prefix / "conda-meta").is_dir() else None


_prefixes = BoundedReads(_prefix_of)


def program(argv: list[str], prefix: Path) -> list[str]:
    """Return ``argv`` with the absolute path of the environment's own program.

    Otherwise Jupyter would replace a bare ``python`` with the server's interpreter, and a copied environment could
    start the program of its original.
    """
    first = Path(argv[0])
    own = [prefix / "bin" / first.name, prefix / first.name, prefix / "Scripts" / first.name]
    if first.is_absolute() and (first.is_relative_to(prefix) or not any(path.exists() for path in own)):
        return argv
    return [str(next((path for path in own if path.exists()), first)), *argv[1:]]


def write(
    target: Path, spec: Mapping[str, Any], resources: Path, prefix: Path, drawn: Mapping[str, str] | None = None
) -> None:
    """Write a kernelspec in one step: ``kernel.json``, the icons in ``resources``, and those ``drawn`` in their place.

    Jupyter serves the icons to every user, so only regular files inside ``prefix`` are copied, and links that lead out
    of it are ignored. Readers see either the old kernelspec or the new one. Raises OSError if the directory cannot be
    written.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".tfenv-", dir=target.parent))
    try:
        for path in sorted(resources.iterdir()) if resources.is_dir() else ():
            if path.name != "kernel.json" and path.is_file() and is_within(path, prefix):
                shutil.copyfile(path, staged / path.name)
        for name, text in (drawn or {}).items():
            (staged / name).write_text(text, encoding="utf-8")
        spec_file = staged / "kernel.json"
        # The variables of an environment may be secrets.
        spec_file.touch(0o600)
        spec_file.write_text(json.dumps(spec, indent=1, ensure_ascii=False), encoding="utf-8")
        staged.chmod(0o755)
        if not _put_new(staged, target):
            # kernel.json comes last, so that it never names icons that are not there yet.
            for path in sorted(staged.iterdir(), key=lambda path: path.name == "kernel.json"):
                os.replace(path, target / path.name)  # noqa: PTH105 - replaces in one step on every platform
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _put_new(staged: Path, target: Path) -> bool:
    """Give a staged kernelspec its name, and return False if there is one of this name, perhaps another server's."""
    if target.is_dir():
        return False
    try:
        staged.rename(target)
    except OSError:
        if target.is_dir():
            return False
        raise
    return True


def remove(spec: Kernelspec) -> None:
    """Remove one of our kernelspecs. Does nothing to a kernelspec without our mark."""
    current = read(spec.folder)
    if current is None or current.mark is None:
        return
    # Rename before deleting, so that Jupyter never sees a half-deleted kernelspec.
    aside = Path(tempfile.mkdtemp(prefix=".tfenv-", dir=spec.folder.parent))
    with contextlib.suppress(FileNotFoundError):  # another server removed it first
        spec.folder.rename(aside / spec.name)
    shutil.rmtree(aside, ignore_errors=True)
