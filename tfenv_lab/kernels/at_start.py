"""Let a kernelspec run the activation scripts of its environment when the kernel starts, and not before.

This is for environments of other users: their scripts run only when somebody starts the kernel. Our provisioner takes
the shell away again, because it activates the environment itself.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

#: The name of the shell in the list of processes; it marks our command lines.
_NAME = "tfenv-lab-activate"
#: A function has arguments of its own, so a script that sets them does not change the kernel's command.
_SCRIPT = (
    'activate() { for script in "$1"/etc/conda/activate.d/*.sh; do [ -r "$script" ] && . "$script"; done; }; '
    'prefix=$1; shift; activate "$prefix" >/dev/null 2>&1 </dev/null; exec "$@"'
)


def wrapped(argv: Sequence[str], prefix: Path) -> list[str]:
    """Return a kernelspec's command line with a shell that runs the activation scripts, then becomes the kernel."""
    shell = shutil.which("bash") or shutil.which("sh") or "/bin/sh"
    return [shell, "-c", _SCRIPT, _NAME, str(prefix), *argv]


def unwrapped(argv: Sequence[str]) -> list[str]:
    """Return the command line without the shell of :func:`wrapped`."""
    return list(argv[5:] if argv[1:2] == ["-c"] and argv[3:4] == [_NAME] else argv)
