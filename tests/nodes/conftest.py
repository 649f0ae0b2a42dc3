"""Make a lock of a tiny environment, and machines on which it is installed: processes with directories of their own."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import rattler
from rattler import Gateway, MatchSpec

from tfenv_lab.conda.machine import virtual_packages
from tfenv_lab.conda.prefix import lock

from ..tiny_channel import TinyChannel

_INSTALL = """
import json, sys
from tfenv_lab.nodes.here import install
from tfenv_lab.nodes.lockfile import LockFile
from tfenv_lab.errors import TfenvError
try:
    done = install(LockFile(open(sys.argv[1]).read()), sys.argv[2])
except TfenvError as error:
    print(json.dumps(error.to_json()))
    sys.exit(1)
unwanted = [name for name in ("jupyter_server", "tornado", "jupyter_client", "zmq") if name in sys.modules]
warnings = [] if done.job is None else [warning.message for warning in done.job.warnings]
told = {"prefix": done.prefix, "digest": done.digest, "changed": done.job is not None}
print(json.dumps({**told, "unwanted": unwanted, "warnings": warnings}))
"""


@dataclass
class Machine:
    """A machine: a home directory, and variables for its processes."""

    home: Path
    environ: dict[str, str]

    @property
    def envs(self) -> Path:
        return self.home / "envs"

    def start(self, file: Path, name: str) -> subprocess.Popen[str]:
        """Start to install a lock."""
        command = [sys.executable, "-c", _INSTALL, str(file), name]
        return subprocess.Popen(
            command, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )  # fmt: skip

    def install(self, file: Path, name: str) -> Any:
        """Install a lock, and return what the process says."""
        return said(self.start(file, name))

    def command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ``jupyter tfenv``."""
        code = "from tfenv_lab.cli.app import main; main()"
        return subprocess.run(
            [sys.executable, "-c", code, *arguments], env=self.environ, capture_output=True, text=True, check=False
        )


def said(process: subprocess.Popen[str]) -> Any:
    """Wait for an installation, and return what it said."""
    out, err = process.communicate(timeout=300)
    assert out, err
    return json.loads(out.splitlines()[-1])


NewMachine = Callable[..., Machine]


@pytest.fixture
def node(channel: TinyChannel, tmp_path: Path) -> NewMachine:
    """Return a function that makes a machine with this name, which reads the channel of the test."""

    def make(name: str = "node", url: str | None = None, **environ: str) -> Machine:
        home = tmp_path / name
        home.mkdir()
        (home / ".condarc").write_text(
            f"channels: ['{url or channel.url}']\nenvs_dirs: ['{home / 'envs'}']\ndefault_channels: []\n"
        )
        variables = {**os.environ, "HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), **environ}
        return Machine(home, variables)

    return make


@dataclass
class Locks:
    """Locks of two versions of a tiny environment."""

    old: Path
    new: Path


@pytest.fixture
def locks(channel: TinyChannel, tmp_path: Path) -> Locks:
    for version in ("1.0", "2.0"):
        channel.add("lib", version, files={"lib/lib.txt": f"lib {version}"})
        files = {"bin/app": "#!/bin/sh\necho app\n", "share/app.txt": version}
        channel.add("app", version, depends=[f"lib {version}"], files=files, executable=["bin/app"])
    channel.index()
    return Locks(*(write_lock(channel, tmp_path, f"app =={version}") for version in ("1.0", "2.0")))


def write_lock(channel: TinyChannel, folder: Path, spec: str, url: str | None = None) -> Path:
    """Solve a spec on a channel, which may have another ``url``, and return the file with the lock."""
    url = url or channel.url
    records = asyncio.run(
        rattler.solve(
            [url],
            [MatchSpec(spec)],
            gateway=Gateway(cache_dir=folder / "solve"),
            virtual_packages=virtual_packages.detect(),
        )
    )
    path = folder / f"{spec.replace(' ==', '-')}.lock"
    path.write_text(lock.dumps(records, [url], channel.subdir))
    return path
