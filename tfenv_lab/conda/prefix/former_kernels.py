"""Remember the names that the kernels of an environment had before it was renamed, for the notebooks that have them.

``conda-meta/tfenv_lab/former-kernels.json`` is a list of names. A rename takes it along, and a copy does not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from ... import serde
from ...disk import writes
from .revisions import FOLDER

_FILE = f"{FOLDER}/former-kernels.json"
#: What Jupyter allows in the name of a kernel.
_NAME = re.compile(r"[a-z0-9._\-]{1,255}")
#: Maximum number of names; the newest are kept.
_MOST = 100


def read(prefix: Path) -> tuple[str, ...]:
    """Return the former names, oldest first; none if the file is not ours."""
    try:
        found = serde.loads((prefix / _FILE).read_bytes(), list[str])
    except (OSError, serde.Unreadable):
        return ()
    return tuple(name for name in found[-_MOST:] if _NAME.fullmatch(name))


def add(prefix: Path, names: Iterable[str]) -> None:
    """Remember names. Raises OSError if that is not possible."""
    path = prefix / _FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    writes.replace(path, serde.dumps(list(dict.fromkeys([*read(prefix), *names]))[-_MOST:]))
