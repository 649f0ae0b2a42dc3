"""Find the kernelspecs that Jupyter lists, and the environment of each."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from jupyter_core.paths import jupyter_path

from ..conda.prefix.records import names_in
from ..disk.reads import BoundedReads
from . import kernelspecs
from .kernelspecs import Kernelspec


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


class KernelspecCache:
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
        found = [
            each.spec for _, each in self._in(str(kernelspecs.user_folder())) if each is not None and each.spec.mark
        ]
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
        spec = kernelspecs.read(folder)
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
