"""The package as users install it: its wheel, in virtual environments of its own, with an empty home directory.

uv makes the environments. It gets the package index that pip and uv of this machine are configured with.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tfenv_lab.pypi import settings, uv
from tfenv_lab.pypi.models import IndexPolicy

from ..servers import Server
from ..tiny_channel import TinyChannel
from . import pythons

ROOT = Path(__file__).parents[2]
#: How this machine reaches a package index, and its Pythons, before the fixture ``clean_home`` hides both.
_UV = uv.environment(settings.read(IndexPolicy()))
PYTHONS = pythons.find(Path.home())
_NETWORK = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "SSL_CERT", "REQUESTS_CA")
#: The same for pip.
PIP = {name: value for name, value in os.environ.items() if name.upper().startswith(_NETWORK)}
if (_own := Path.home() / ".config" / "pip" / "pip.conf").is_file():
    PIP.setdefault("PIP_CONFIG_FILE", str(_own))


def run_uv(*arguments: str | Path, path: str | None = None) -> None:
    """Run uv, which must succeed, with another ``PATH`` if it is given."""
    variables = {**_UV, "PATH": path} if path else _UV
    command = [uv.binary(), *arguments]
    done = subprocess.run(command, env=variables, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


class Installation:
    """The package in a virtual environment ``folder/venv``, with the home directory ``folder/home``."""

    def __init__(self, folder: Path, python: str, *arguments: str | Path) -> None:
        self.home, self.prefix = folder / "home", folder / "venv"
        self.home.mkdir(parents=True)
        self.python = self.prefix / "bin" / "python"
        run_uv("venv", "-q", "--python", python, self.prefix)
        run_uv("pip", "install", "-q", "--python", self.python, *arguments)

    @property
    def variables(self) -> dict[str, str]:
        """The variables of its processes: nothing of this machine's Python, conda and Jupyter."""
        return {"HOME": str(self.home), "PATH": f"{self.prefix / 'bin'}:{os.defpath}", "LANG": "C.UTF-8"}

    def run(self, program: str, *arguments: str) -> str:
        """Return the output of a program of the environment, which must succeed."""
        command = [str(self.prefix / "bin" / program), *arguments]
        done = subprocess.run(
            command, env=self.variables, cwd=self.home, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def serve(self, channel: TinyChannel) -> Server:
        """Start a Jupyter server."""
        return Server(channel, self.variables, python=str(self.python), home=self.home)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    run_uv("build", "-q", "--wheel", "--out-dir", folder, ROOT)
    [path] = folder.glob("*.whl")
    return path


@pytest.fixture
def served(installation: Installation, tensorflow_channel: TinyChannel) -> Iterator[Server]:
    """Start a server of the installation with a tiny channel."""
    server = installation.serve(tensorflow_channel)
    yield server
    server.kill()
