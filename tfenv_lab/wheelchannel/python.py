"""Pack an installed interpreter as the package ``python``."""

from __future__ import annotations

import hashlib
import shutil
from pathlib import Path

from ..errors import JobFailed
from ..sentences import say
from .bytecode import compile_tree, file_time
from .interpreter import Interpreter
from .package import Package, files_below
from .relocation import OTHER, bring_libraries, record_prefix, restore_layout, run
from .request import RECIPE

_LEFT_OUT = shutil.ignore_patterns(
    "site-packages",
    "dist-packages",
    "__pycache__",
    "test",
    "tests",
    "idlelib",
    "turtledemo",
    "config-*",  # static library and makefile, for embedding
    "sitecustomize.py",  # policy of this machine, as is the next file
    "EXTERNALLY-MANAGED",
)

_PROOF = """
import sys, sysconfig
import ctypes, hashlib, json, socket, ssl, zlib
print(sys.prefix, sysconfig.get_path("purelib"), *sys.path, sep="\\n")
"""


def pack_python(interpreter: Interpreter, channel: Path, work: Path) -> list[Package]:
    """Write ``python`` and ``python_abi`` into the channel.

    ``work`` is an unused directory, which is deleted afterwards. Raises JobFailed if the packed interpreter does not
    run at another prefix.
    """
    major, minor = interpreter.minor.split(".")
    binary = work / "bin" / f"python{interpreter.minor}"
    binary.parent.mkdir(parents=True)
    shutil.copy(interpreter.executable, binary)
    for link in (f"python{major}", "python"):
        (binary.parent / link).symlink_to(binary.name)
    library = work / interpreter.stdlib.relative_to(interpreter.prefix)
    shutil.copytree(interpreter.stdlib, library, ignore=_LEFT_OUT, ignore_dangling_symlinks=True)
    if interpreter.include.is_dir():
        shutil.copytree(interpreter.include, work / f"include/python{interpreter.minor}")
    bring_libraries(interpreter, binary, library, work)
    if interpreter.site_packages not in interpreter.sites:
        restore_layout(interpreter, library, work)
    prefixed = {path.relative_to(work).as_posix() for path in record_prefix(interpreter, library)}

    contents = sorted((path, file.sha256) for path, file in files_below(work).items())
    # Package caches identify a package by its file name, so different contents need different names.
    key = hashlib.sha256(repr((RECIPE, contents)).encode()).hexdigest()
    time = file_time(key)
    compile_tree(interpreter, work, time)
    # Linking changes the size of these files, so their bytecode would never be fresh.
    for path in prefixed:
        for stale in (work / path).parent.glob(f"__pycache__/{Path(path).stem}.*.pyc"):
            stale.unlink()
    _prove(interpreter, binary, work)

    # conda-forge's build strings end with the implementation up to Python 3.12, and with the ABI tag since 3.13.
    flavor = "cpython" if int(minor) < 13 else interpreter.tag
    timestamp = int(interpreter.executable.stat().st_mtime) * 1000
    python = Package(
        name="python",
        version=interpreter.version,
        build=f"h{key[:7]}_0_{flavor}",
        subdir=interpreter.subdir,
        timestamp=timestamp,
        constrains=[f"python_abi {interpreter.minor}.* *_{interpreter.tag}"],
        license="Python-2.0",
        summary=say("General purpose programming language"),
    )
    python.write(channel, files_below(work), time, prefixed)
    shutil.rmtree(work)
    abi = Package(
        name="python_abi",
        version=interpreter.minor,
        build=f"0_{interpreter.tag}",
        subdir="noarch",
        timestamp=timestamp,
        constrains=[f"python {interpreter.minor}.* *_{flavor}"],
        noarch="generic",
    )
    abi.write(channel, {}, time)
    return [python, abi]


def _prove(interpreter: Interpreter, binary: Path, prefix: Path) -> None:
    """Run the packed interpreter in ``prefix``. Raises JobFailed if it does not use that prefix."""
    site_packages = prefix / interpreter.site_packages
    site_packages.mkdir(exist_ok=True)
    lines = run([str(binary), "-I", "-B", "-c", _PROOF]).splitlines()
    if lines[:2] != [str(prefix), str(site_packages)] or str(site_packages) not in lines[2:]:
        message = say("{interpreter} does not run in another directory.", interpreter=interpreter)
        raise JobFailed(message, "\n".join(lines), hint=OTHER)
