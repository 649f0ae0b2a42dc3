"""The installed package works with the oldest and the newest versions of what it needs, and with every CPython.

The oldest are the lower bounds in ``pyproject.toml``, with the oldest Python that was found.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from ..servers import Server
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .conftest import PYTHONS, ROOT, Installation
from .pythons import MINORS

OLDEST, NEWEST = next(iter(PYTHONS.values())), next(reversed(PYTHONS.values()))


@pytest.fixture(scope="module", params=["lowest", "newest", *MINORS])
def installation(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, wheel: Path) -> Installation:
    """Install the wheel: with JupyterLab for the oldest and the newest, alone for every Python."""
    name = str(request.param)
    folder = tmp_path_factory.mktemp(name)
    lab = f"tfenv_lab[lab] @ {wheel.as_uri()}"
    if name == "lowest":
        return Installation(folder, OLDEST, "--resolution", "lowest-direct", lab)
    if name == "newest":
        return Installation(folder, NEWEST, lab)
    if name not in PYTHONS:
        pytest.skip(f"CPython {name} is not on this machine")
    return Installation(folder, PYTHONS[name], wheel)


def test_jupyter_enables_the_extension(installation: Installation) -> None:
    listed = installation.run("jupyter", "server", "extension", "list")
    assert "tfenv_lab enabled" in " ".join(listed.replace("\x1b[32m", "").replace("\x1b[0m", "").split())
    assert (installation.prefix / "share/jupyter/labextensions/tfenv-lab/package.json").is_file()


def test_a_server_plans_and_creates_an_environment_with_a_kernel(installation: Installation, served: Server) -> None:
    served.apply(kind="create", name="first", tensorflow="2.19.*")
    served.apply(kind="update", environment=served.environment("first")["id"], packages=["tensorflow"])
    found = served.environment("first")
    assert found["tensorflow"]["version"] == "2.20.0"
    assert found["kernel"]["name"] in installation.run("jupyter", "kernelspec", "list")


def test_the_commands_install_packages_of_both_sources(
    installation: Installation, tensorflow_channel: TinyChannel, simple_index: SimpleIndex
) -> None:
    simple_index.add("greet", "1.0")
    trait = f"--TfenvLab.channels={tensorflow_channel.url}", f"--TfenvLab.python_index={simple_index.url}"
    installation.run("jupyter", "tfenv", "create", "second", "python", *trait)
    plan = installation.run(
        "jupyter", "tfenv", "install", "second", "pandas", "pypi:greet", "--dry-run", "--json", *trait
    )
    sources = {each["name"]: each["source"] for each in json.loads(plan)["entries"]}
    assert (sources["pandas"], sources["greet"]) == ("conda", "pypi")


@pytest.mark.parametrize("installation", ["lowest", "newest"], indirect=True)
def test_the_panel_works_in_a_browser(installation: Installation) -> None:
    node, browser = shutil.which("node"), os.environ.get("TFENV_BROWSER")
    playwright = ROOT / "ui-tests/node_modules/@playwright/test/cli.js"
    if not (node and browser and playwright.is_file()):
        pytest.skip("TFENV_BROWSER names no browser, or Playwright is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    variables = {
        **installation.variables,
        "TFENV_BROWSER": browser,
        "TFENV_PYTHON": str(installation.python),
        "TFENV_SITUATIONS": "small",
        "TFENV_UI_PORT": str(port),
    }
    command = [node, str(playwright), "test", "small.start", "--reporter=line", f"--output={installation.home}/results"]
    done = subprocess.run(
        command, env=variables, cwd=ROOT / "ui-tests", capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
