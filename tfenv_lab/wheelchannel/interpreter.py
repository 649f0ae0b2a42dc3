"""Find the interpreters on this machine that can be packed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..processes import without_python_variables
from ..versions import minor_numbers, minor_of

#: Order in which interpreters are tried after the running one: first those for which every TensorFlow has wheels.
MINORS = ("3.12", "3.11", "3.10", "3.13")
#: ``sysconfig`` platform to conda subdir. Other platforms have no CPU-only TensorFlow wheel, or were never tested.
SUBDIRS = {"linux-x86_64": "linux-64"}

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
    """An interpreter that cannot be packed or has no wheels; the message says why."""


@dataclass(frozen=True)
class Interpreter:
    """An installed CPython. It is never that of a virtual environment, but the base of one.

    ``stdlib`` and ``include`` are below ``prefix``. ``sites`` are the directories for packages, relative to the
    prefix. A distribution may lack ``site-packages``: Debian has ``dist-packages`` instead.
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
        """The minor version, ``3.11``."""
        return minor_of(self.version)

    @property
    def tag(self) -> str:
        """The tag of wheels, ``cp311``."""
        return "cp" + self.minor.replace(".", "")

    @property
    def site_packages(self) -> str:
        """The directory for packages, relative to the prefix of an environment."""
        return f"lib/python{self.minor}/site-packages"

    @property
    def depends(self) -> list[str]:
        """Dependencies of a package that works only with this Python, as conda-forge writes them."""
        major, minor = self.minor.split(".")
        return [
            f"python >={self.minor},<{major}.{int(minor) + 1}.0a0",
            f"python_abi {self.minor}.* *_{self.tag}",
        ]

    def __str__(self) -> str:
        return f"Python {self.version} ({self.executable})"


def probe(path: Path) -> Interpreter:
    """Run the interpreter at ``path`` to describe it. Raises Unsuitable."""
    command = [str(path), "-I", "-c", _PROBE]
    try:
        answer = subprocess.run(  # noqa: S603
            command, check=True, capture_output=True, text=True, timeout=60, env=without_python_variables()
        )
        facts = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise Unsuitable("it does not start") from error
    if facts["virtual"] and Path(facts["base_executable"]) != path:
        return probe(Path(facts["base_executable"]))
    if facts["implementation"] != "cpython" or facts["flags"] or minor_numbers(facts["version"]) < (3, 9):
        raise Unsuitable("only a regular CPython 3.9 or newer can be packed")
    if facts["platform"] not in SUBDIRS:
        raise Unsuitable(f"the platform {facts['platform']} is not supported, only Linux on x86-64")
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
    """Yield the interpreters that can be packed, best first: the running one, then others by version.

    If ``explicit`` is given, yield only that one. Raises Unsuitable if it cannot be packed.
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
