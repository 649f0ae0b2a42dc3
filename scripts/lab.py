"""Start JupyterLab with the panel and with channels that answer. All arguments are passed to JupyterLab."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from channel import choose
from setup import VENV, environment


def main(arguments: list[str]) -> None:
    """Replace this process with ``jupyter lab``."""
    channels: list[str] = []
    if any(argument.startswith("--TfenvLab.channels") for argument in arguments):
        print("channel: as given on the command line", flush=True)
    else:
        channels = [f"--TfenvLab.channels={url}" for url in choose()]
    # JupyterLab refuses to run as root without this option, but containers often run as root.
    root = ["--allow-root"] if os.geteuid() == 0 and "--allow-root" not in arguments else []
    program = VENV / "bin" / "jupyter"
    os.execve(program, [str(program), "lab", *root, *channels, *arguments], environment())


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[1])
    main(sys.argv[1:])
