"""Find an interpreter on this machine that can be packed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..versions import minor_numbers, minor_of

MINORS = ("3.12", "3.11", "3.10", "3.13")
"""Tried in this order after the running one: newest first that every listed TensorFlow had wheels for."""

SUBDIRS = {"linux-x86_64": "linux-64"}
"""``sysconfig`` platform to conda subdir. Others lack a CPU-only TensorFlow wheel or were never tried."""

_PROBE = """
import json, platform, site, sys, sysconfig
print(json.dumps({
    "base_executable": getattr(sys, "_base_executable", sys.executable),
    "virtual": sys.prefix != sys.base_prefix,
    "prefix": sys.base_prefix,
    "stdlib": sysconfig.get_path("stdlib"),
    "include": sysconfig.get_path("include"),
    "version": platform.python_version(),
    "implementation": sys.implementation.name,
    "flags": getattr(sys, "abiflags", ""),
    "platform": sysconfig.get_platform(),
    "sites": site.getsitepackages(["/"]),
}))
"""


class Unsuitable(Exception):
    """An interpreter cannot be packed, or has no wheels; the text says why."""


@dataclass(frozen=True)
class Interpreter:
    """An installed CPython, never a virtual environment's: that one's base.

    ``stdlib`` and ``include`` lie under ``prefix``. ``sites``: where it looks for packages, relative to
    its prefix; distributions may leave out ``site-packages`` (Debian's are called ``dist-packages``).
    """

    executable: Path
    version: str
    prefix: Path
    stdlib: Path
    include: Path
    subdir: str
    sites: tuple[str, ...]

    @property
    def minor(self) -> str:
        """``3.11``."""
        return minor_of(self.version)

    @property
    def tag(self) -> str:
        """``cp311``."""
        return "cp" + self.minor.replace(".", "")

    @property
    def site_packages(self) -> str:
        """Where packages go, relative to an environment's prefix."""
        return f"lib/python{self.minor}/site-packages"

    @property
    def depends(self) -> list[str]:
        """What a package depends on that works with this Python alone, in conda-forge's form."""
        major, minor = self.minor.split(".")
        return [
            f"python >={self.minor},<{major}.{int(minor) + 1}.0a0",
            f"python_abi {self.minor}.* *_{self.tag}",
        ]

    def __str__(self) -> str:
        return f"Python {self.version} ({self.executable})"


def clean_environment() -> dict[str, str]:
    """Return this process' environment without what would change how another interpreter starts."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


def probe(path: Path) -> Interpreter:
    """Ask the interpreter at ``path`` what it is; raises Unsuitable."""
    command = [str(path), "-I", "-c", _PROBE]
    try:
        answer = subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True, timeout=60, env=clean_environment()
        )
        facts = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Unsuitable("it does not start") from error
    if facts["virtual"] and Path(facts["base_executable"]) != path:
        return probe(Path(facts["base_executable"]))
    if facts["implementation"] != "cpython" or facts["flags"] or minor_numbers(facts["version"]) < (3, 9):
        raise Unsuitable("only a regular CPython from 3.9 on can be packed")
    if facts["platform"] not in SUBDIRS:
        raise Unsuitable(f"the platform {facts['platform']} is not supported, only Linux on x86-64 is")
    return Interpreter(
        executable=Path(facts["base_executable"]).resolve(),
        version=facts["version"],
        prefix=Path(facts["prefix"]).resolve(),
        stdlib=Path(facts["stdlib"]).resolve(),
        include=Path(facts["include"]).resolve(),
        subdir=SUBDIRS[facts["platform"]],
        sites=tuple(site.strip("/") for site in facts["sites"]),
    )


def _paths() -> Iterator[Path]:
    yield Path(sys.executable)
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    for minor in MINORS:
        for directory in os.get_exec_path():
            yield Path(directory) / f"python{minor}"
        installed = pyenv.glob(f"versions/{minor}.*/bin/python{minor}")
        yield from sorted(installed, key=lambda path: (len(path.parts[-3]), path.parts[-3]), reverse=True)


def candidates(explicit: Path | None) -> Iterator[Interpreter]:
    """Yield the interpreters that may be packed, best first: the running one, then others by version.

    With ``explicit`` only that one; raises Unsuitable where it cannot be packed.
    """
    if explicit:
        yield probe(explicit)
        return
    seen: set[Path] = set()
    for path in _paths():
        if not path.exists():
            continue
        try:
            found = probe(path)
        except Unsuitable:
            continue
        if found.executable not in seen:
            seen.add(found.executable)
            yield found
