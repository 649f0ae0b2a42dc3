"""Start worker processes: their command, their variables, and what they take from the server at that moment."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..disk import temporary
from ..processes import without_python_variables

#: Variables that name the directory of temporary files (``tempfile.gettempdir``).
_TEMPORARY = ("TMPDIR", "TEMP", "TMP")
#: Variables without which the server's interpreter may find neither its library nor its files.
_OF_THE_INTERPRETER = (
    "PYTHONHOME",
    "PYTHONPLATLIBDIR",
    "PYTHONUTF8",
    "PYTHONCOERCECLOCALE",
    "PYTHONIOENCODING",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONPYCACHEPREFIX",
)

#: Code that runs a module of this package as the server would, with the standard library before the server's path.
#: Only built-in modules may be imported before the current directory has left the path.
_START = """
import sys
del sys.path[0]
library = list(sys.path)
import json, os, site
from importlib import import_module, util
module, given = sys.argv[1:]
given = json.loads(given)
site.main()
sys.path[:] = dict.fromkeys([*library, *given["path"], *sys.path])
os.environ.update(given["environ"])
spec = util.spec_from_file_location("tfenv_lab", given["package"])
sys.modules["tfenv_lab"] = package = util.module_from_spec(spec)
spec.loader.exec_module(package)
for each in given["first"]:
    import_module(each)
import_module(module).main()
"""


def _here() -> Path | None:
    """Return the current directory, or None if it was deleted."""
    try:
        return Path.cwd()
    except FileNotFoundError:
        return None


def _path() -> list[str]:
    """Return the server's path, without the current directory."""
    here = _here()
    if here is None:
        return [entry for entry in sys.path if Path(entry).is_absolute()]
    entries = [here / entry for entry in sys.path if entry]
    return [str(entry) for entry in entries if os.path.realpath(entry) != str(here)]


#: The module that carries out the orders of jobs.
WORKER = "tfenv_lab.jobs.worker"


def command(
    environ: Mapping[str, str], first: Sequence[str] = (), module: str = WORKER
) -> tuple[list[str], dict[str, str]]:
    """Return the command of a process that runs a module of this package, and the variables that it starts with.

    It imports the modules ``first``.

    The worker imports what the server imports, from the same path, but nothing from the current directory. It gets the
    variables for Python only after it has started, because the kernel that a check runs needs them.
    """
    given = {
        "package": str(Path(__file__).parents[1] / "__init__.py"),
        "path": _path(),
        "first": list(first),
        "environ": {name: value for name, value in environ.items() if name.startswith("PYTHON")},
    }
    kept = {name: environ[name] for name in _OF_THE_INTERPRETER if name in environ}
    # -S: the worker's code imports “site” itself. -s: the server's path says whether there is a user site.
    arguments = [sys.executable, "-s", "-S", "-c", _START, module, json.dumps(given)]
    return arguments, without_python_variables(environ) | kept


def surroundings() -> tuple[object, ...]:
    """Return what a worker takes from its server when it starts, for a comparison. Reads the disk.

    The directories of the path change when packages are installed or removed, and the files of this package when it is
    updated.
    """
    written = []
    for path in [*map(Path, _path()), *Path(__file__).parents[1].rglob("*.py")]:
        with contextlib.suppress(OSError):
            written.append((str(path), path.stat().st_mtime_ns))
    return command(os.environ), _here(), sorted(written)


class StartedWorker:
    """A worker process that has no order yet, and its directory of temporary files.

    As a context manager, it waits for the process, and deletes the directory however the process ends.
    """

    def __init__(self, first: Sequence[str] = (), module: str = WORKER) -> None:
        """Start the process, which imports ``first`` and runs ``module``. Raises OSError or UnusableDirectory."""
        self._ending = contextlib.ExitStack()
        with contextlib.ExitStack() as stack:
            folder = stack.enter_context(temporary.directory())
            arguments, environ = command({**os.environ, **dict.fromkeys(_TEMPORARY, folder)}, first, module)
            self.process = stack.enter_context(
                subprocess.Popen(  # noqa: S603 - our own code
                    arguments,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    env=environ,
                    # rattler cannot be imported where the current directory was deleted.
                    cwd=None if _here() else folder,
                    # In a process group of its own, so that its children (compilers, interpreters) end with it.
                    start_new_session=True,
                )
            )
            self._ending = stack.pop_all()

    def __enter__(self) -> subprocess.Popen[bytes]:
        return self.process

    def __exit__(self, *error: object) -> None:
        # An order that a killed process did not read is still in the buffer, and closing would fail.
        with contextlib.suppress(BrokenPipeError):
            if self.process.stdin is not None:
                self.process.stdin.close()
        self._ending.close()
