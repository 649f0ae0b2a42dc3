"""The tools that are compared. Each method is one piece of work, and returns when it is done."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from . import installations
from .channels import Contents

#: Maximum seconds of one piece of work.
LIMIT = 900


class Failed(Exception):
    """A piece of work that a tool could not do; the message says why."""


class Tool:
    """A tool in an empty home directory."""

    name: str

    def __init__(self, home: Path, contents: Contents) -> None:
        self.home, self.contents = home, contents
        self.envs, self.packages = home / "envs", home / "pkgs"
        self.envs.mkdir(parents=True)
        self.packages.mkdir()
        lines = [f"channels: ['{contents.url}']", f"envs_dirs: ['{self.envs}']", f"pkgs_dirs: ['{self.packages}']"]
        (home / ".condarc").write_text("\n".join([*lines, "solver: rattler", "notify_outdated_conda: false", ""]))
        (home / ".jupyter").mkdir()
        settings = {"channels": [contents.url], "check_after_change": False, "undo_minutes": 0}
        (home / ".jupyter" / "jupyter_server_config.json").write_text(json.dumps({"TfenvLab": settings}))
        kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "PYTHONPATH")}
        self.environ = {**kept, "HOME": str(home), "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull}

    def close(self) -> None:
        """End what the tool started."""

    def forget_packages(self) -> None:
        """Empty the caches of the tool."""
        for folder in (self.packages, self.home / ".cache"):
            shutil.rmtree(folder, ignore_errors=True)
        self.packages.mkdir()

    def first_import(self, name: str) -> None:
        """Import TensorFlow in an environment for the first time."""
        self._run(self.envs / name / "bin" / "python", "-c", "import tensorflow")

    def _run(self, *command: str | Path) -> str:
        done = subprocess.run(
            [str(each) for each in command],
            env=self.environ, cwd=self.home, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
        )  # fmt: skip
        if done.returncode:
            raise Failed(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout)[-2000:]}")
        return done.stdout


class Conda(Tool):
    """conda, one process for each piece of work."""

    name = "conda"

    def __init__(self, home: Path, contents: Contents) -> None:
        super().__init__(home, contents)
        self._program = installations.conda()

    @property
    def version(self) -> str:
        return self._run(self._program, "--version").split()[-1]

    def create(self, name: str, specs: Sequence[str]) -> None:
        self._run(self._program, "create", "-yqn", name, *specs)

    def plan(self, name: str, specs: Sequence[str]) -> None:
        self._run(self._program, "create", "-yqdn", name, *specs)

    def update(self, name: str, specs: Sequence[str]) -> None:
        self._run(self._program, "install", "-yqn", name, *specs)

    def revert(self, name: str) -> None:
        self._run(self._program, "install", "-yqn", name, "--revision", "0")

    def clone(self, source: str, name: str) -> None:
        self._run(self._program, "create", "-yqn", name, "--clone", source)

    def remove(self, name: str) -> None:
        self._run(self._program, "env", "remove", "-yqn", name)

    def list(self) -> None:
        self._run(self._program, "env", "list")

    def versions(self) -> None:
        self._run(self._program, "search", self.contents.package)

    def search(self) -> None:
        self._run(self._program, "search", f"*{self.contents.query}*")

    def export(self, name: str) -> str:
        return self._run(self._program, "list", "--explicit", "-n", name)

    def import_lock(self, name: str, lock: Path) -> None:
        self._run(self._program, "create", "-yqn", name, "--file", lock)


class CommandLine(Tool):
    """tfenv_lab's command line, one process for each piece of work."""

    name = "tfenv_lab CLI"

    def _tfenv(self, *arguments: str | Path) -> str:
        return self._run(Path(sys.executable).with_name("jupyter-tfenv"), *arguments)

    def create(self, name: str, specs: Sequence[str]) -> None:
        self._tfenv("create", name, "--no-tensorflow", *specs)

    def plan(self, name: str, specs: Sequence[str]) -> None:
        self._tfenv("create", name, "--no-tensorflow", "--dry-run", *specs)

    def update(self, name: str, specs: Sequence[str]) -> None:
        self._tfenv("install", name, *specs)

    def revert(self, name: str) -> None:
        self._tfenv("revert", name, "0")

    def clone(self, source: str, name: str) -> None:
        self._tfenv("clone", source, name)

    def remove(self, name: str) -> None:
        self._tfenv("remove", name, "-y")

    def list(self) -> None:
        self._tfenv("list")

    def versions(self) -> None:
        self._tfenv("versions")

    def search(self) -> None:
        self._tfenv("search", self.contents.query)

    def export(self, name: str) -> str:
        return self._tfenv("export", name, "--format=explicit")

    def import_lock(self, name: str, lock: Path) -> None:
        self._tfenv("import", lock, name)
