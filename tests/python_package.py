"""Add a Python to a channel that installs in milliseconds and has its own prefix, as pip requires.

It is the interpreter that runs the tests. As in a virtual environment, its name and a ``pyvenv.cfg`` tell it its
prefix. Its pip is that of this interpreter.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from .tiny_channel import TinyChannel
from .tiny_tensorflow import PYTHON, SITE

_BASE = Path(sys._base_executable)  # type: ignore[attr-defined]
_INTERPRETER = f"""#!/bin/bash
here="$(cd "$(dirname "${{BASH_SOURCE[0]}}")" && pwd)"
exec -a "$here/python" "{_BASE}" "$@"
"""


def add(channel: TinyChannel, folder: Path, links: Mapping[str, str] | None = None) -> None:
    """Add ``python``, with ``links``, and ``pip`` to a channel. pip is imported from ``folder``, which is made."""
    found = find_spec("pip")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("these tests need pip")
    folder.mkdir()
    # Import only pip from here: other packages must not count as installed in the environment.
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
        links=links,
    )
    channel.add("pip", "26.1", noarch="generic", depends=["python"], files={f"{SITE}/pip.pth": f"{folder}\n"})


def fill(channel: TinyChannel, folder: Path) -> TinyChannel:
    """Fill a channel with a Python that has its own prefix, a kernel, and a few packages, and return it."""
    add(channel, folder)
    kernel = {"argv": ["python", "-m", "ipykernel_launcher"], "display_name": "Python 3", "language": "python"}
    files = {"share/jupyter/kernels/python3/kernel.json": json.dumps(kernel)}
    channel.add("ipykernel", "7.0.0", noarch="generic", depends=["python"], files=files)
    channel.add("plain", "1.0", noarch="generic", files={"share/plain": ""})
    channel.add("numpy", "2.1.0", noarch="generic", depends=["python"])
    channel.add("pandas", "2.2.0", noarch="generic", depends=["python", "numpy"])
    channel.index()
    return channel
