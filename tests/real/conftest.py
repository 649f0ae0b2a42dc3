"""Real TensorFlow from conda channels and from PyPI, in home directories of its own.

``TFENV_CHANNELS`` names the channels (``make test`` sets it), else the tests are skipped.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import platformdirs
import pytest

from tfenv_lab.conda.prefix import wheels

_INDEX = ("PIP_", "UV_", "NETRC", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY")
#: How this machine reaches a package index, before the fixture ``clean_home`` hides it.
_REACHES = {name: value for name, value in os.environ.items() if name.upper().startswith(_INDEX)}


def hide_this_machine(patch: pytest.MonkeyPatch) -> None:
    """Remove the variables that configure conda and Jupyter."""
    for name in list(os.environ):
        if name.startswith(("CONDA", "MAMBA", "XDG_", "JUPYTER_")):
            patch.delenv(name)


_START = """
import asyncio
from tfenv_lab.settings import TfenvLab
from tfenv_lab.services import Services

async def start(services):
    await services.start()
    await services.stop()

asyncio.run(start(Services(TfenvLab())))
"""


class Home:
    """A separate home directory for ``jupyter tfenv``. All of them share downloaded packages."""

    def __init__(self, folder: Path, channels: list[str], cache: Path) -> None:
        self.folder = folder
        self._traits = [*(f"--TfenvLab.channels={url}" for url in channels), f"--TfenvLab.package_cache={cache}"]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        return self._python("from tfenv_lab.cli.app import main; main()", *arguments, "--json", *self._traits)

    def recover(self) -> None:
        """Let the services of a server start and stop, which ends what killed jobs left."""
        process = self._python(_START)
        output = process.communicate()
        assert process.returncode == 0, output

    def _python(self, code: str, *arguments: str) -> subprocess.Popen[str]:
        self.folder.mkdir(exist_ok=True)
        variables = {name: value for name, value in os.environ.items() if not name.upper().startswith(_INDEX)}
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env={**variables, **_REACHES, "HOME": str(self.folder)},
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> Any:
        """Return the JSON that a command writes; it must succeed."""
        process = self.start(*arguments)
        output, errors = process.communicate()
        assert process.returncode == 0, output + errors
        return json.loads(output)

    @property
    def prefix(self) -> Path:
        """The path of the only environment."""
        [environment] = self.run("list")["environments"]
        return Path(environment["prefix"])

    def packages(self) -> set[tuple[str, str, str, str]]:
        """Return name, version, build and hash of the packages in the only environment, from both sources."""
        prefix = self.prefix
        records = [json.loads(path.read_text(encoding="utf-8")) for path in prefix.glob("conda-meta/*.json")]
        found = {(record["name"], record["version"], record["build"], record["sha256"]) for record in records}
        distributions = wheels.read(prefix).distributions
        return found | {(each.name, each.version, each.tag, each.sha256 or "") for each in distributions}


@pytest.fixture(scope="module", params=["conda", "pypi"])
def source(request: pytest.FixtureRequest) -> str:
    """Where TensorFlow comes from."""
    return str(request.param)


@pytest.fixture(scope="session")
def channels() -> list[str]:
    text = os.environ.get("TFENV_CHANNELS")
    if not text:
        pytest.skip("TFENV_CHANNELS names no channels with TensorFlow")
    return text.split()


@pytest.fixture(scope="session")
def cache() -> Path:
    """Return the directory that keeps packages between runs; it is found before the home directory changes."""
    return platformdirs.user_cache_path("tfenv_lab") / "test-packages"
