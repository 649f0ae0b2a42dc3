"""Make tiny environments in which workers really run: virtual environments of the Python of the tests."""

from __future__ import annotations

import platform
import shlex
import sys
from importlib import metadata
from pathlib import Path

from ..tiny_channel import TinyChannel

#: The interpreter below the virtual environment of the tests, if there is one.
_BASE = Path(getattr(sys, "_base_executable", sys.executable)).resolve()
_SITE = f"lib/python{sys.version_info[0]}.{sys.version_info[1]}/site-packages"


def add_python(channel: TinyChannel, version: str = platform.python_version()) -> None:
    """Add a package “python” that is the Python of the tests, with what that can import."""
    paths = "\n".join(path for path in sys.path if path.endswith("site-packages"))
    channel.add(
        "python",
        version,
        files={
            # It finds pyvenv.cfg by the name that it is called with.
            "bin/python": f'#!/bin/bash\nexec -a "$0" {shlex.quote(str(_BASE))} "$@"\n',
            "pyvenv.cfg": f"home = {_BASE.parent}\n",
            f"{_SITE}/tests.pth": f"{paths}\n",
        },
        executable=["bin/python"],
    )


def add_app(channel: TinyChannel, version: str, *depends: str, broken: bool = False) -> None:
    """Add a version of the package “app”, which sets a variable when it is activated, and has a module."""
    module = 'raise ImportError("libapp.so is missing")' if broken else f'__version__ = "{version}"'
    channel.add(
        "app",
        version,
        depends=list(depends),
        files={
            f"{_SITE}/tensorflow/__init__.py": f"{module}\n",
            "etc/conda/env_vars.d/app.json": f'{{"APP_VERSION": "{version}"}}',
        },
    )


def add_distributed(channel: TinyChannel, version: str = metadata.version("distributed")) -> None:
    """Add a package “distributed”, whose files are those of the tests."""
    channel.add("distributed", version, files={"share/distributed.txt": version})
