"""The commands of the Dockerfile and of the Binder configuration work in an empty home directory.

They run without a container: in a virtual environment instead of the image, which has only Python.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from .conftest import PIP, PYTHONS, ROOT, Installation

DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Copy the files that git tracks, and the built front end, as the build context of the container has them."""
    folder = tmp_path_factory.mktemp("source")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split(
        "\n"
    )
    for name in filter(None, listed):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    if not listed[0]:
        pytest.skip("this is not a git checkout")
    shutil.copytree(ROOT / "tfenv_lab" / "labextension", folder / "tfenv_lab" / "labextension")
    return folder


@pytest.fixture
def image(tmp_path: Path) -> Installation:
    """Make a virtual environment with pip alone, as in Python's image."""
    newest = next(reversed(PYTHONS.values()))
    return Installation(tmp_path / "image", newest, "pip")


def run(command: str, image: Installation, folder: Path) -> None:
    """Run a shell command of an image."""
    done = subprocess.run(
        ["bash", "-c", command],
        env={**PIP, **image.variables},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@contextlib.contextmanager
def serving(command: list[str], image: Installation) -> Iterator[str]:
    """Run the command of the image, and yield its address when it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = ["--allow-root"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [str(image.prefix / "bin" / command[0]), *command[1:], *root, f"--port={port}", "--IdentityProvider.token=t"],
        env=image.variables,
        cwd=image.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + 120
        address = f"http://127.0.0.1:{port}"
        while True:
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{address}/api").close()
                break
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield address
    finally:
        process.terminate()
        process.wait()


def test_the_image_serves_jupyterlab_with_the_panel(image: Installation, source: Path, tmp_path: Path) -> None:
    commands = re.findall(r"^RUN (.+)$", DOCKERFILE, re.MULTILINE)
    assert len(commands) == 4
    for command in commands:
        # Making a user would change this machine.
        if not command.startswith("useradd"):
            run(command.replace("/dist", str(tmp_path / "dist")), image, source)
    [start] = re.findall(r"^CMD (.+)$", DOCKERFILE, re.MULTILINE)
    with serving(json.loads(start), image) as address:
        request = urllib.request.Request(f"{address}/tfenv-lab/environments", headers={"Authorization": "token t"})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer)["environments"] == []
        request = urllib.request.Request(f"{address}/lab", headers={"Authorization": "token t"})
        with urllib.request.urlopen(request) as answer:
            assert "tfenv-lab" in answer.read().decode()


def test_the_image_does_not_run_as_root() -> None:
    assert re.findall(r"^USER (.+)$", DOCKERFILE, re.MULTILINE) == ["jovyan"]
    assert DOCKERFILE.index("USER jovyan") < DOCKERFILE.index("CMD")


def test_binder_installs_the_panel(image: Installation, source: Path) -> None:
    needs = YAML(typ="safe").load((ROOT / "binder" / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert {need.split("=")[0] for need in needs} == {"python", "pip", "jupyterlab", "nodejs"}
    run("pip install --no-cache-dir 'jupyterlab==4.*'", image, source)
    run("binder/postBuild", image, source)
