"""A Python that can be put into an environment in milliseconds, and has a prefix of its own: for pip's sake.

It is the interpreter running the tests, told by its name and a ``pyvenv.cfg`` where it is, as in a virtual
environment. Its pip is this interpreter's.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path

from .tiny_channel import TinyChannel
from .tiny_tensorflow import PYTHON, SITE

_BASE = Path(sys._base_executable)  # type: ignore[attr-defined]
_INTERPRETER = f"""#!/bin/bash
here="$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)"
exec -a "$here/python" "{_BASE}" "$@"
"""


def add(channel: TinyChannel, folder: Path) -> None:
    """Add ``python`` and ``pip`` to a channel. ``folder`` is a place for what pip is found through."""
    found = find_spec("pip")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("these tests need pip")
    folder.mkdir()
    # pip alone: what else is installed here must not count as installed there.
    (folder / "pip").symlink_to(Path(found.origin).parent)
    channel.add(
        "python",
        f"{PYTHON}.10",
        build="h0_0_cpython",
        files={
            "bin/python": _INTERPRETER,
            "pyvenv.cfg": f"home = {_BASE.parent}\ninclude-system-site-packages = false\n",
            f"{SITE}/README.txt": "",
        },
        executable=["bin/python"],
    )
    channel.add("pip", "26.1", noarch="generic", depends=["python"], files={f"{SITE}/pip.pth": f"{folder}\n"})
