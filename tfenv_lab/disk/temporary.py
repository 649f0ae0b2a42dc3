"""Directories for temporary files of workers, which the next server deletes if theirs was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from ..errors import UnusableDirectory
from ..sentences import say
from . import locks

#: Beginning of the names of these directories.
_PREFIX = "tfenv-lab-"
#: Seconds in which a server that created a directory has locked it.
_FRESH = 60.0


def folder() -> Path:
    """Return the directory for temporary files. Raises UnusableDirectory if there is none."""
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError as error:
        raise UnusableDirectory(
            say("There is no directory in which temporary files can be written. Nothing was changed."),
            str(error),
            say(
                "Free some space in the directory for temporary files, or set TMPDIR to another one, "
                "and restart Jupyter."
            ),
        ) from error


@contextlib.contextmanager
def directory() -> Iterator[str]:
    """Create a directory, and delete it at the end. Raises OSError or UnusableDirectory."""
    with contextlib.ExitStack() as stack:
        made = tempfile.TemporaryDirectory(prefix=_PREFIX, dir=folder(), ignore_cleanup_errors=True)
        path = stack.enter_context(made)
        with contextlib.suppress(OSError):
            stack.enter_context(locks.hold_now(Path(path), shared=True))
        yield path


def collect() -> None:
    """Delete the directories of servers that were killed: those that no process has locked."""
    try:
        with os.scandir(tempfile.gettempdir()) as entries:
            found = [Path(entry.path) for entry in entries if entry.name.startswith(_PREFIX) and _is_abandoned(entry)]
    except OSError:
        return
    for path in found:
        with contextlib.suppress(OSError), locks.hold_now(path):
            shutil.rmtree(path, ignore_errors=True)


def _is_abandoned(entry: os.DirEntry[str]) -> bool:
    if sys.platform == "win32" or not entry.is_dir(follow_symlinks=False):
        return False
    status = entry.stat(follow_symlinks=False)
    # Also after the clock was set back.
    return status.st_uid == os.getuid() and abs(time.time() - status.st_mtime) > _FRESH
