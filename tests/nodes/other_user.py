"""Become another user who uses published environments: a machine whose processes have another uid (for root)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from ..privileges import OTHER


class OtherUser:
    """Another user, with a home directory, who lists the environments in the directory ``shared``."""

    def __init__(self, home: Path, shared: Path, channel: str, environ: Mapping[str, str] | None = None) -> None:
        """Create the home directory, or skip the test."""
        if sys.platform != "linux" or os.getuid() != 0 or not shutil.which("setpriv"):
            pytest.skip("only root on Linux can become another user")
        self.home = home
        self.envs = home / "envs"
        home.mkdir()
        (home / ".condarc").write_text(
            f"channels: ['{channel}']\nenvs_dirs: ['{self.envs}', '{shared}']\ndefault_channels: []\n"
        )
        for path in (home, home / ".condarc"):
            os.chown(path, OTHER, OTHER)
        self.environ = {
            **{name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "TMP", "XDG"))},
            **(environ or {}),
            "HOME": str(home),
        }

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Run a program.

        It can read the Python of the tests, wherever that is, but it can only write what the user may write.
        """
        become = ["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups"]
        reading = ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
        arguments: Sequence[str] = [*become, *reading, *map(str, command)]
        return subprocess.run(
            arguments, env=self.environ, capture_output=True, text=True, check=False, cwd=self.home, umask=0o022
        )  # fmt: skip

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ``jupyter tfenv``."""
        return self.run(sys.executable, "-c", "from tfenv_lab.cli.app import main; main()", *arguments)
