"""Make a copied interpreter relocatable: its libraries, its layout and its recorded prefix."""

from __future__ import annotations

import ast
import pprint
import shutil
import subprocess
from pathlib import Path

from ..errors import JobFailed
from ..processes import without_python_variables
from ..sentences import say
from .availability import program
from .interpreter import Interpreter
from .package import PLACEHOLDER

#: What to do about an interpreter that cannot be packed.
OTHER = say("Install another Python, or name one with --python.")
_SCHEMES = """def _get_preferred_schemes():
    return {"prefix": "posix_prefix", "home": "posix_home", "user": "posix_user"}
"""


def bring_libraries(interpreter: Interpreter, binary: Path, library: Path, work: Path) -> None:
    """Copy shared libraries from the interpreter's prefix to ``lib``, and point the run paths there.

    If the prefix is ``/usr``, copy only Python's own library and use the system's for the others. Raises JobFailed.
    """
    lib = work / "lib"
    lib.mkdir(exist_ok=True)
    originals = [interpreter.executable, *interpreter.stdlib.glob("lib-dynload/*.so")]
    needed = {path for file in originals for path in _left_behind(file, interpreter, work)}
    copies = [Path(shutil.copy(path, lib / path.name)) for path in needed]
    for file in [binary, *library.glob("lib-dynload/*.so"), *copies]:
        # Many files already find their libraries by a relative path.
        if _left_behind(file, interpreter, work):
            up = "../" * len(file.parent.relative_to(work).parts)
            run(["patchelf", "--set-rpath", f"$ORIGIN/{up}lib", str(file)])


def _left_behind(file: Path, interpreter: Interpreter, work: Path) -> list[Path]:
    """Return the shared libraries that ``file`` would load from the interpreter's prefix instead of ``work``."""
    system = interpreter.prefix == Path("/usr")
    found = []
    for line in run(["ldd", str(file)]).splitlines():
        _, arrow, rest = line.partition(" => /")
        path = Path("/" + rest.rsplit(" (", 1)[0])
        real = path.resolve()
        if not arrow or work.resolve() in real.parents:
            continue
        if path.name.startswith("libpython") or (not system and interpreter.prefix in real.parents):
            found.append(path)
    return found


def restore_layout(interpreter: Interpreter, library: Path, work: Path) -> None:
    """Undo a distribution's layout, so that Python finds packages in ``site-packages`` and installs them there.

    The ``site`` module of a distribution may be compiled into the program, so a ``.pth`` file in the directory that it
    searches adds ``site-packages``.
    """
    known = work / interpreter.sites[-1]
    known.mkdir(parents=True, exist_ok=True)
    add = f'site.addsitedir(os.path.join(sys.base_prefix, "{interpreter.site_packages}"))'
    (known / "site-packages.pth").write_text(f"import os, site, sys; {add}\n")
    path = library / "sysconfig.py"
    # Since Python 3.13, ``sysconfig`` is a package.
    if not path.exists():
        path = library / "sysconfig" / "__init__.py"
    text = path.read_text("utf-8")
    functions = [node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    for found in functions:
        if found.name == "_get_preferred_schemes":
            lines = text.splitlines(keepends=True)
            lines[found.lineno - 1 : found.end_lineno] = [_SCHEMES]
            path.write_text("".join(lines), "utf-8")


def record_prefix(interpreter: Interpreter, library: Path) -> list[Path]:
    """Replace the old prefix in the recorded build variables with PLACEHOLDER, and return the changed files."""
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


def run(command: list[str]) -> str:
    """Run a program and return its output. Raises JobFailed."""
    command = [program(command[0]) or command[0], *command[1:]]
    environment = without_python_variables()
    try:
        answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)  # noqa: S603
    except FileNotFoundError as error:
        raise JobFailed(
            say("Packing Python needs the program {command}, which is not installed.", command=command[0]),
            hint=say("Install {name}.", name=command[0]),
        ) from error
    except subprocess.CalledProcessError as error:
        message = say("Packing Python failed: {name} ended with an error.", name=Path(command[0]).name)
        details = f"{' '.join(command)}\n{error.stdout}{error.stderr}"
        raise JobFailed(message, details, hint=OTHER) from error
    return answer.stdout
