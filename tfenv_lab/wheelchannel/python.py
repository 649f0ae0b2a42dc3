"""Pack an installed interpreter as the package ``python``."""

from __future__ import annotations

import ast
import pprint
import shutil
import subprocess
import sysconfig
from pathlib import Path

from ..errors import JobFailed
from .bytecode import compile_tree, file_time
from .interpreter import Interpreter, clean_environment
from .package import PLACEHOLDER, Package, files_below
from .repack import fingerprint

_LEFT_OUT = shutil.ignore_patterns(
    "site-packages",
    "dist-packages",
    "__pycache__",
    "test",
    "tests",
    "idlelib",
    "turtledemo",
    "config-*",  # for embedding the interpreter: static library, makefile
    "sitecustomize.py",  # the machine's own policy, as is the next
    "EXTERNALLY-MANAGED",
)

_SCHEMES = """def _get_preferred_schemes():
    return {"prefix": "posix_prefix", "home": "posix_home", "user": "posix_user"}
"""

_PROOF = """
import sys, sysconfig
import bz2, ctypes, hashlib, json, lzma, multiprocessing, socket, ssl, zlib
print(sys.prefix, sysconfig.get_path("purelib"), *sys.path, sep="\\n")
"""


def pack_python(interpreter: Interpreter, channel: Path, work: Path) -> list[Package]:
    """Write ``python`` and ``python_abi`` into the channel.

    ``work`` is a directory of its own, gone afterwards. Raises JobFailed where the packed interpreter
    would not run at another prefix.
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
    _bring_libraries(interpreter, binary, library)
    if interpreter.site_packages not in interpreter.sites:
        _restore_layout(interpreter, library, work)
    prefixed = {path.relative_to(work).as_posix() for path in _relocate(interpreter, library)}

    key = fingerprint(sorted((path, file.sha256) for path, file in files_below(work).items()))
    time = file_time(key)
    compile_tree(interpreter, work, time)
    for path in prefixed:  # their size changes when linked, so their bytecode would never be fresh
        for stale in (work / path).parent.glob(f"__pycache__/{Path(path).stem}.*.pyc"):
            stale.unlink()
    _prove(interpreter, binary, work)

    # conda-forge's build strings end in the implementation until 3.12, from then on in the ABI.
    flavour = "cpython" if int(minor) < 13 else interpreter.tag
    timestamp = int(interpreter.executable.stat().st_mtime) * 1000
    python = Package(
        name="python",
        version=interpreter.version,
        build=f"h{key[:7]}_0_{flavour}",
        subdir=interpreter.subdir,
        timestamp=timestamp,
        constrains=[f"python_abi {interpreter.minor}.* *_{interpreter.tag}"],
        license="Python-2.0",
        summary="General purpose programming language",
    )
    python.write(channel, files_below(work), time, prefixed)
    shutil.rmtree(work)
    abi = Package(
        name="python_abi",
        version=interpreter.minor,
        build=f"0_{interpreter.tag}",
        subdir="noarch",
        timestamp=timestamp,
        constrains=[f"python {interpreter.minor}.* *_{flavour}"],
        noarch="generic",
    )
    abi.write(channel, {}, time)
    return [python, abi]


def _bring_libraries(interpreter: Interpreter, binary: Path, library: Path) -> None:
    """Copy the shared libraries that come from the interpreter's own prefix, and let them be found there.

    Of a prefix that is the system's (``/usr``), only Python's own library: the others stay the system's.
    """
    lib = binary.parent.parent / "lib"
    needed = {file: _linked(file, interpreter) for file in [binary, *library.glob("lib-dynload/*.so")]}
    relocated = [file for file, paths in needed.items() if paths]
    for path in {path for paths in needed.values() for path in paths}:
        lib.mkdir(exist_ok=True)
        relocated.append(Path(shutil.copy(path, lib / path.name)))
    for file in relocated:
        up = "../" * len(file.parent.relative_to(lib.parent).parts)
        _run(["patchelf", "--set-rpath", f"$ORIGIN/{up}lib", str(file)])


def _linked(file: Path, interpreter: Interpreter) -> list[Path]:
    """Shared libraries from the interpreter's prefix that the loader takes for ``file``."""
    system = interpreter.prefix == Path("/usr")
    found = []
    for line in _run(["ldd", str(file)]).splitlines():
        _, arrow, rest = line.partition(" => /")
        if not arrow:
            continue
        path = Path("/" + rest.rsplit(" (", 1)[0])
        if path.name.startswith("libpython") or (not system and interpreter.prefix in path.resolve().parents):
            found.append(path)
    return found


def _restore_layout(interpreter: Interpreter, library: Path, work: Path) -> None:
    """Undo a distribution's own layout: packages are found in, and installed to, ``site-packages``.

    Its ``site`` module is compiled into the program, so a ``.pth`` file where that looks has to say it.
    """
    known = work / interpreter.sites[-1]
    known.mkdir(parents=True, exist_ok=True)
    add = f'site.addsitedir(os.path.join(sys.base_prefix, "{interpreter.site_packages}"))'
    (known / "site-packages.pth").write_text(f"import os, site, sys; {add}\n")
    path = library / "sysconfig.py"
    if not path.exists():  # from 3.13 on it is a package
        path = library / "sysconfig" / "__init__.py"
    text = path.read_text("utf-8")
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    for found in functions:
        if found.name == "_get_preferred_schemes":
            lines = text.splitlines(keepends=True)
            lines[found.lineno - 1 : found.end_lineno] = [_SCHEMES]
            path.write_text("".join(lines), "utf-8")


def _relocate(interpreter: Interpreter, library: Path) -> list[Path]:
    """Put PLACEHOLDER for the directories below the old prefix that the build recorded; return the files."""
    changed = []
    for path in library.glob("_sysconfigdata*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        values = next(node.value for node in tree.body if isinstance(node, ast.Assign))
        recorded = ast.literal_eval(values)
        for name, value in recorded.items():
            if isinstance(value, str) and value.startswith("/") and Path(value).is_dir():
                old = Path(value)
                if old == interpreter.prefix or interpreter.prefix in old.parents:
                    recorded[name] = str(Path(PLACEHOLDER) / old.relative_to(interpreter.prefix))
        path.write_text(f"build_time_vars = {pprint.pformat(recorded)}\n", "utf-8")
        changed.append(path)
    return changed


def _prove(interpreter: Interpreter, binary: Path, prefix: Path) -> None:
    """Run the packed interpreter where it lies; raises JobFailed where it does not feel at home there."""
    site_packages = prefix / interpreter.site_packages
    site_packages.mkdir(exist_ok=True)
    lines = _run([str(binary), "-I", "-B", "-c", _PROOF]).splitlines()
    if lines[:2] != [str(prefix), str(site_packages)] or str(site_packages) not in lines[2:]:
        message = f"{interpreter} does not work at another place; choose another with --python."
        raise JobFailed(message, "\n".join(lines))


def _run(command: list[str]) -> str:
    """Run a program to its end and return what it wrote; raises JobFailed."""
    environment = clean_environment()
    scripts = sysconfig.get_path("scripts")
    environment["PATH"] = f"{scripts}:{environment.get('PATH', '')}"
    try:
        answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)  # noqa: S603
    except FileNotFoundError as error:
        raise JobFailed(f"Packing Python needs the program {command[0]}, which is not here.") from error
    except subprocess.CalledProcessError as error:
        message = f"Packing Python failed at {Path(command[0]).name}; choose another with --python."
        raise JobFailed(message, f"{' '.join(command)}\n{error.stdout}{error.stderr}") from error
    return answer.stdout
