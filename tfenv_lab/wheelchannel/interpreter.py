"""Find the interpreters on this machine that can be packed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from ..processes import without_python_variables
from ..sentences import say
from ..versions import minor_numbers, minor_of

#: The oldest Python that can be packed.
OLDEST = (3, 10)
#: ``sysconfig`` platform to conda subdir. On other platforms, packing was never tried.
SUBDIRS = {"linux-x86_64": "linux-64", "linux-aarch64": "linux-aarch64"}

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
    """An interpreter that cannot be packed; the message says why."""


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
        """The tag of its ABI, ``cp311``."""
        return "cp" + self.minor.replace(".", "")

    @property
    def site_packages(self) -> str:
        """The directory for packages, relative to the prefix of an environment."""
        return f"lib/python{self.minor}/site-packages"

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
        raise Unsuitable(say("it does not start")) from error
    if facts["virtual"] and Path(facts["base_executable"]) != path:
        return probe(Path(facts["base_executable"]))
    if facts["implementation"] != "cpython" or facts["flags"] or minor_numbers(facts["version"]) < OLDEST:
        raise Unsuitable(say("only a regular CPython 3.10 or newer can be packed"))
    if facts["platform"] not in SUBDIRS:
        raise Unsuitable(
            say(
                "the platform {platform} is not supported, only {subdirs}",
                platform=facts["platform"],
                subdirs=", ".join(SUBDIRS),
            )
        )
    if Path(facts["prefix"]).resolve() not in Path(facts["stdlib"]).resolve().parents:
        raise Unsuitable(say("its standard library is not below its prefix"))
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
    """Yield the paths where an interpreter may be: the running one, then PATH, pyenv's and uv's, the newest first."""
    yield Path(sys.executable)
    for directory in os.get_exec_path():
        yield from _named(Path(directory))
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    shared = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or shared / "uv" / "python")
    for folder in (pyenv, uv):
        versions = (path for path in folder.glob("*") if not path.is_symlink() and re.search(r"\d", path.name))
        newest = sorted(versions, key=lambda path: [int(part) for part in re.findall(r"\d+", path.name)], reverse=True)
        for version in newest:
            yield from _named(version / "bin")


def _named(directory: Path) -> list[Path]:
    """Return the interpreters in a directory that have a version in their name."""
    try:
        return sorted(path for path in directory.iterdir() if re.fullmatch(r"python3\.\d+", path.name))
    except OSError:
        return []


def _described(path: Path) -> Interpreter | None:
    try:
        return probe(path)
    except Unsuitable:
        return None


def candidates() -> list[Interpreter]:
    """Return the interpreters on this machine that may be packed, each once, best first."""
    # In threads, because each waits for a program.
    with ThreadPoolExecutor(max_workers=8) as pool:
        found = [each for each in pool.map(_described, dict.fromkeys(_paths())) if each is not None]
    return list({each.executable: each for each in found}.values())
