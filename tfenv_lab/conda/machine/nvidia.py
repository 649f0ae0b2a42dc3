"""Find the version of the NVIDIA driver, which is only shown to users: no package depends on it."""

from __future__ import annotations

import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

#: Files of the loaded kernel module: the first has only the version, the second a sentence with it.
FILES = (Path("/sys/module/nvidia/version"), Path("/proc/driver/nvidia/version"))
#: Path of nvidia-smi in the Windows Subsystem for Linux, which has none of these files.
WSL = "/usr/lib/wsl/lib/nvidia-smi"
_VERSION = re.compile(r"(?:^|\s)(\d+(?:\.\d+)+)(?=\s|$)")
#: Seconds that nvidia-smi may take; it may have to wait for a GPU to wake up.
PATIENCE = 10


@cache
def driver_version() -> str | None:
    """Return the version of the driver, such as ``570.86.10``, or None if it is unknown."""
    return next((found for text in map(_text, FILES) if (found := _version(text))), None) or _version(_asked())


def _version(text: str) -> str | None:
    found = _VERSION.search(text)
    return found[1] if found else None


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def _asked() -> str:
    """Return the output of ``nvidia-smi``, or "" if it does not exist or fails."""
    program = shutil.which("nvidia-smi") or shutil.which(WSL)
    if program is None:
        return ""
    command = [program, "--query-gpu=driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError, UnicodeError):
        return ""
    return answer.stdout
