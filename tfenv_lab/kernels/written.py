"""Remember which kernelspecs were written, to tell one that a user removed from one that was lost.

``jupyter kernelspec remove`` takes a directory out of the user's kernel directory. If nothing else changed since the
kernelspec was written, it was the user's choice. A kernel directory that is another one, or older than the kernelspec
(a new container, a restored backup), has lost it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .. import serde
from ..conda.prefix.records import names_in
from ..disk import writes
from . import kernelspecs


@dataclass(frozen=True)
class _Record:
    """What is remembered of an environment: its state, the names of its kernelspecs, and their directory.

    ``device`` and ``inode`` identify the user's kernel directory, ``modified`` is its time (ns) after the write.
    """

    state: str
    names: list[str]
    device: int
    inode: int
    modified: int


class WrittenKernels:
    """The kernelspecs that were written last, one file for each environment in ``folder``, named by its id.

    Without a ``folder`` nothing is remembered, so a kernelspec that is gone counts as lost.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def ids(self) -> frozenset[str]:
        """Return the ids of the environments that are remembered."""
        if self._folder is None:
            return frozenset()
        try:
            return frozenset(names_in(self._folder))
        except OSError:
            return frozenset()

    def note(self, identifier: str, state: str, names: Iterable[str]) -> None:
        """Remember that an environment in this state has kernelspecs with these names. An error changes nothing."""
        if self._folder is None:
            return
        with contextlib.suppress(OSError):
            status = kernelspecs.user_folder().stat()
            record = _Record(state, list(names), status.st_dev, status.st_ino, status.st_mtime_ns)
            self._folder.mkdir(0o700, parents=True, exist_ok=True)
            writes.replace(self._folder / identifier, serde.dumps(record))

    def forget(self, identifier: str) -> None:
        """Forget an environment, before its kernelspecs are removed for another reason."""
        if self._folder is not None:
            with contextlib.suppress(OSError):
                (self._folder / identifier).unlink(missing_ok=True)

    def is_removed(self, identifier: str, state: str) -> bool:
        """Return whether a user removed the kernelspecs of an environment that is in this state. Reads the disk."""
        record = self._read(identifier)
        if record is None or record.state != state or not record.names:
            return False
        folder = kernelspecs.user_folder()
        try:
            # The names come first: what is missing from them is not put there before the directory is looked at.
            here, status = set(names_in(folder)), folder.stat()
        except OSError:
            return False
        is_same = (status.st_dev, status.st_ino) == (record.device, record.inode)
        return is_same and status.st_mtime_ns >= record.modified and here.isdisjoint(record.names)

    def _read(self, identifier: str) -> _Record | None:
        if self._folder is None:
            return None
        try:
            found: _Record = serde.loads((self._folder / identifier).read_bytes(), _Record)
        except (OSError, serde.Unreadable):
            return None
        return found
