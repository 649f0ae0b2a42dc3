"""Remember which environments a user hides from the launcher."""

from __future__ import annotations

from pathlib import Path

from ..conda.prefix.records import names_in
from ..environments.discovery import id_of


class HiddenKernels:
    """The environments that a user hides, kept as one empty file for each in ``folder``, named by its id.

    Every answer reads the directory, so another server or a command may change the choice. Without a ``folder``, the
    choice lasts as long as this object.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._own: set[str] = set()

    def ids(self) -> frozenset[str]:
        """Return the ids of the hidden environments."""
        if self._folder is None:
            return frozenset(self._own)
        try:
            return frozenset(names_in(str(self._folder)))
        except OSError:
            return frozenset()

    def hide(self, prefix: Path) -> None:
        """Hide an environment. Raises OSError if the choice cannot be stored."""
        if self._folder is None:
            self._own.add(id_of(prefix))
            return
        self._folder.mkdir(0o700, parents=True, exist_ok=True)
        (self._folder / id_of(prefix)).touch()

    def show(self, prefix: Path) -> None:
        """Do not hide an environment any longer. Raises OSError if the choice cannot be stored."""
        self._own.discard(id_of(prefix))
        if self._folder is not None:
            (self._folder / id_of(prefix)).unlink(missing_ok=True)
