"""Know the running kernels of each environment, and whether they started before its packages changed."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from pathlib import Path

from ..conda.prefix.pypi import site_packages
from ..conda.prefix.records import names_in
from ..disk.reads import BoundedReads


@dataclass(frozen=True)
class RunningKernel:
    """A running kernel: its id, its kernelspec, the path of its notebook, if any, and whether it must restart."""

    id: str
    name: str
    notebook: str | None
    outdated: bool


@dataclass(frozen=True)
class _Started:
    prefix: Path
    packages: frozenset[str]


class RunningKernels:
    """The kernels that this process started in environments, with the packages that each environment had then."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: dict[str, _Started] = {}
        self._packages: BoundedReads[Path, frozenset[str]] = BoundedReads(_packages)

    def note(self, kernel_id: str, prefix: Path) -> None:
        """Remember that a kernel starts, or restarts, in an environment. Reads the disk."""
        found = self._packages.run([prefix])[prefix]
        with self._lock:
            if isinstance(found, frozenset):
                self._started[kernel_id] = _Started(prefix, found)

    def forget(self, kernel_id: str) -> None:
        """Remember that a kernel ended."""
        with self._lock:
            self._started.pop(kernel_id, None)

    def prefixes(self) -> dict[str, Path]:
        """Return the prefix of each kernel, by the kernel's id."""
        with self._lock:
            return {kernel_id: started.prefix for kernel_id, started in self._started.items()}

    def outdated(self) -> dict[Path, tuple[str, ...]]:
        """Return the ids of the kernels that must restart to use the environment as it is, by prefix.

        A package that a kernel may have imported was replaced or removed. A package that was only added needs no
        restart. Reads the disk.
        """
        with self._lock:
            started = dict(self._started)
        now = self._packages.run({one.prefix for one in started.values()})
        result: dict[Path, tuple[str, ...]] = {}
        for kernel_id, one in started.items():
            packages = now[one.prefix]
            if isinstance(packages, frozenset) and not one.packages <= packages:
                result[one.prefix] = (*result.get(one.prefix, ()), kernel_id)
        return result


def _packages(prefix: Path) -> frozenset[str]:
    """Return the names of the records of conda and pip, which contain versions. Raises OSError without conda-meta."""
    names = [name for name in names_in(prefix / "conda-meta") if name.endswith(".json")]
    folder = site_packages(prefix)
    others = names_in(folder) if folder is not None else []
    return frozenset([*names, *(name for name in others if name.endswith((".dist-info", ".egg-info")))])


#: The kernels of this server: its provisioner notes them.
running = RunningKernels()
