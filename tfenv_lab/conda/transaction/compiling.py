"""Compile Python files of a tree with the tree's own Python, while other packages are still linked."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

#: The compiler. It reads paths, one a line, and answers each with 1 if nothing but the file itself can be wrong.
_COMPILE = """
import os, py_compile, sys
def one(path):
    # Paths inside the tree make the same bytecode in every environment. Python completes them when it imports a module.
    try:
        py_compile.compile(path, dfile=os.path.relpath(path, sys.argv[1]), doraise=True)
    except py_compile.PyCompileError as error:
        return error.exc_type_name != "MemoryError"
    except FileExistsError:  # a link or a directory is at the path of the bytecode
        return True
    except OSError:
        return False
    return True
for line in sys.stdin.buffer:
    print(int(one(os.fsdecode(line.rstrip(b"\\r\\n")))), flush=True)
"""
#: Number of files that a process gets at once.
_BATCH = 16
#: Maximum seconds that the compilers take after all files are there.
LIMIT = 900


class Compiler:
    """As many processes of a Python as there are processors, which compile files of a tree.

    The files of a process that dies are not in ``compiled``, and the other processes go on. As a context manager, it
    leaves no process behind.
    """

    def __init__(self, python: Path, tree: Path) -> None:
        self._command = [str(python), "-I", "-S", "-B", "-c", _COMPILE, str(tree)]
        self._tree = tree
        self._done: Callable[[float], None] = lambda part: None
        #: The files that are compiled, or that are not valid Python.
        self.compiled: set[str] = set()
        self._added: set[str] = set()
        self._waiting: deque[str] = deque()
        self._is_complete = self._is_closed = False
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._processes: list[subprocess.Popen[bytes]] = []

    def add(self, files: Iterable[str], done: Callable[[float], None] = lambda part: None) -> None:
        """Compile these files soon, unless they were added before; the paths are relative to the tree.

        From now on, call ``done``, from any thread, with the part of all files, from 0 to 1, that is compiled.
        """
        with self._changed:
            self._done = done
            fresh = [path for path in files if path not in self._added]
            self._added.update(fresh)
            self._waiting.extend(fresh)
            self._changed.notify_all()
            if self._waiting and not self._threads:
                self._threads = [
                    threading.Thread(target=self._run, daemon=True) for _ in range(max(1, os.cpu_count() or 1))
                ]
                for thread in self._threads:
                    thread.start()

    def finish(self) -> None:
        """Wait until no process compiles any more. Raises TimeoutExpired."""
        with self._changed:
            self._is_complete = True
            self._changed.notify_all()
        end = time.monotonic() + LIMIT
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
        if any(thread.is_alive() for thread in self._threads):
            raise subprocess.TimeoutExpired(self._command[0], LIMIT)

    def __enter__(self) -> Compiler:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Kill the processes, and wait until they have ended."""
        with self._changed:
            self._is_complete = self._is_closed = True
            self._waiting.clear()
            self._changed.notify_all()
            processes = list(self._processes)
        for process in processes:
            _kill(process)
        for thread in self._threads:
            thread.join()

    def _take(self) -> list[str]:
        """Wait for files, and return some of them, or none if there are no more."""
        with self._changed:
            while not self._waiting and not self._is_complete:
                self._changed.wait()
            return [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]

    def _run(self) -> None:
        """Pass files to a process until there are no more, or until it dies."""
        batch = self._take()
        # An older environment may be on a file system that runs no programs.
        with contextlib.suppress(OSError, ValueError):
            if batch:
                self._pass(batch)

    def _pass(self, batch: list[str]) -> None:
        with subprocess.Popen(  # noqa: S603 - our own script in the environment's Python
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        ) as process:
            with self._changed:
                self._processes.append(process)
                is_late = self._is_closed
            if is_late:
                _kill(process)
            if process.stdin is None or process.stdout is None:  # for the type checker
                raise RuntimeError("the compiler has no pipes")
            for files in itertools.chain([batch], iter(self._take, [])):
                for path in files:
                    process.stdin.write(os.fsencode(self._tree / path) + b"\n")
                process.stdin.flush()
                answers = [int(process.stdout.readline()) for _ in files]
                with self._changed:
                    self.compiled.update(path for path, answer in zip(files, answers, strict=True) if answer)
                    part = len(self.compiled) / len(self._added)
                self._done(part)


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and those that it started, which would keep its pipe open."""
    import psutil

    if process.poll() is not None:
        return
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(process.pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                child.kill()
    process.kill()
