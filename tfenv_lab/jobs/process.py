"""Run a worker process, and pass its messages to the server.

Threads read the worker's pipes, because not every event loop can watch a child process: the one that Jupyter uses on
Windows cannot.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

import psutil

from .. import serde
from ..disk import temporary
from ..processes import kill_group, without_python_variables
from .messages import Message, Order
from .store import LOG_BYTES

#: Seconds to wait for the rest of a worker's log after the worker has ended.
PATIENCE = 5.0
#: Maximum bytes of a message of a worker.
LONGEST = 10_000_000
#: Number of characters of a worker's output that are kept in case it dies.
_LAST = 4000
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


def command(environ: Mapping[str, str]) -> tuple[list[str], dict[str, str]]:
    """Return the command of a worker, and the variables that it starts with.

    The worker imports what the server imports, from the same path, but nothing from the current directory. It gets the
    variables for Python only after it has started, because the kernel that a check runs needs them.
    """
    given = {
        "package": str(Path(__file__).parents[1] / "__init__.py"),
        "path": _path(),
        "environ": {name: value for name, value in environ.items() if name.startswith("PYTHON")},
    }
    kept = {name: environ[name] for name in _OF_THE_INTERPRETER if name in environ}
    # -S: the worker's code imports “site” itself. -s: the server's path says whether there is a user site.
    arguments = [sys.executable, "-s", "-S", "-c", _START, "tfenv_lab.jobs.worker", json.dumps(given)]
    return arguments, without_python_variables(environ) | kept


def end_children(pid: int) -> None:
    """Kill the descendants of a process, even those outside its process group (such as uv and a check's probe).

    Suspend the process unless it is the current one, so that it starts no others meanwhile.
    """
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(pid)
        if pid != os.getpid():
            parent.suspend()
        known: set[psutil.Process] = set()
        # A descendant may have started others before it was killed.
        while found := set(parent.children(recursive=True)) - known:
            known |= found
            for child in found:
                with contextlib.suppress(psutil.Error):
                    child.kill()


class WorkerProcess:
    """A worker process. It gets one order, sends messages, and can be killed at any time."""

    def __init__(self, tell: Callable[[Message], None], log: Callable[[str], None]) -> None:
        """Call ``tell`` with every message, on the event loop, and ``log`` with all other output, on a thread."""
        self._tell = tell
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self._lock = threading.Lock()
        #: Number of characters that still go to the log.
        self._room = LOG_BYTES
        #: The end of the worker's output.
        self.last = ""

    async def run(self, order: Order) -> int:
        """Run the worker until it ends. Return its exit status, which is negative if a signal ended it."""
        loop = asyncio.get_running_loop()
        return await asyncio.to_thread(self._run, order, loop)

    def kill(self) -> None:
        """Kill the worker and its descendants. Do nothing if the worker has already ended."""
        self._killed = True
        process = self._process
        if process is None or process.poll() is not None:
            return
        end_children(process.pid)
        kill_group(process)

    def _run(self, order: Order, loop: asyncio.AbstractEventLoop) -> int:
        # Temporary files of the worker and its descendants are deleted however the worker ends.
        with temporary.directory() as folder:
            environ = {**os.environ, **dict.fromkeys(_TEMPORARY, folder)}
            # rattler cannot be imported where the current directory was deleted.
            return self._supervise(order, loop, environ, None if _here() else folder)

    def _supervise(
        self, order: Order, loop: asyncio.AbstractEventLoop, environ: dict[str, str], folder: str | None
    ) -> int:
        arguments, environ = command(environ)
        text = serde.dumps(order) + b"\n"
        with subprocess.Popen(  # noqa: S603 - our own code
            arguments,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            cwd=folder,
            # In a process group of its own, so that its children (compilers, interpreters) end with it.
            start_new_session=True,
        ) as process:
            self._process = process
            if self._killed:
                self.kill()
            logging = threading.Thread(target=self._copy_log, daemon=True)
            logging.start()
            if process.stdin is None or process.stdout is None:  # for the type checker
                raise RuntimeError("the worker has no pipes")
            with contextlib.suppress(BrokenPipeError):
                process.stdin.write(text)
                process.stdin.flush()
            while line := process.stdout.readline(LONGEST):
                try:
                    message = serde.loads(line, Message)
                except serde.Unreadable:
                    self._write_log(line.decode(errors="replace"))
                    continue
                loop.call_soon_threadsafe(self._tell, message)
            status = process.wait()
            logging.join(PATIENCE)
            return status

    def _copy_log(self) -> None:
        process, decoder = self._process, codecs.getincrementaldecoder("utf-8")("replace")
        if process is not None and process.stderr is not None:
            # What has arrived is written at once: a program can write thousands of short lines in a second.
            while raw := os.read(process.stderr.fileno(), 1 << 16):
                self._write_log(decoder.decode(raw))

    def _write_log(self, text: str) -> None:
        """Add to the log, up to LOG_BYTES. The rest is only read, so that the writer does not wait."""
        with self._lock:
            self.last = (self.last + text)[-_LAST:]
            kept, self._room = text[: self._room], max(0, self._room - len(text))
        if kept:
            self._log(kept)
