"""Read and write the note of an environment, which a user writes: ``conda-meta/tfenv_lab/note.txt``.

A rename takes it along.
"""

from __future__ import annotations

from pathlib import Path

from ...disk import writes
from .revisions import FOLDER

_FILE = f"{FOLDER}/note.txt"
#: Maximum length of a note in characters.
LONGEST = 2000


def read(prefix: Path) -> str | None:
    """Return the note, or None if there is none or it cannot be read."""
    try:
        with (prefix / _FILE).open(encoding="utf-8") as file:
            return file.read(LONGEST).strip() or None
    except (OSError, ValueError):
        return None


def write(prefix: Path, note: str | None) -> None:
    """Write the note, or remove it. The caller must hold the prefix lock. Raises OSError."""
    path = prefix / _FILE
    if note is None:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    writes.replace(path, note)
