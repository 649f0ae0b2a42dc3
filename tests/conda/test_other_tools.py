"""Test that other tools can read the exports; each test is skipped if its tool is missing.

``TFENV_CONDA`` and ``TFENV_CONDA_LOCK`` name the programs if they are not on PATH. pixi.lock is rattler's own format,
which rattler reads in all other tests.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel

#: Variables that tests hide from the programs that they start, but that these programs need.
PATH = os.environ["PATH"]


def _program(name: str, variable: str) -> str:
    found = os.environ.get(variable) or shutil.which(name, path=PATH)
    if not found:
        pytest.skip(f"{name} is not here ({variable} names another place)")
    return found


async def _run(*command: str, cwd: Path | None = None) -> str:
    done = await asyncio.to_thread(subprocess.run, command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


async def _file(api: Api, made: Any, query: str, path: Path) -> Path:
    status, text = await api.call("GET", f"environments/{made['id']}/export?format={query}")
    assert status == 200, text
    path.write_text(text, encoding="utf-8")
    return path


async def _installed(api: Api, made: Any) -> set[tuple[str, str, str]]:
    _, found = await api.call("GET", f"environments/{made['id']}/packages")
    return {(package["name"], package["version"], package["build"]) for package in found["packages"]}


@pytest.mark.parametrize(
    ("query", "command"),
    [
        ("explicit", ["create", "--yes", "--file"]),
        ("environment-yml", ["env", "create", "--yes", "--file"]),
        ("environment-yml&specs=all", ["env", "create", "--yes", "--file"]),
    ],
)
async def test_conda_makes_the_same_environment(
    api: Api, made: Any, tmp_path: Path, query: str, command: list[str]
) -> None:
    conda = _program("conda", "TFENV_CONDA")
    file = await _file(api, made, query, tmp_path / ("tf.txt" if query == "explicit" else "environment.yml"))
    prefix = str(tmp_path / "theirs")
    await _run(conda, *command, str(file), "--prefix", prefix)
    theirs = json.loads(await _run(conda, "list", "--prefix", prefix, "--json"))
    assert {(package["name"], package["version"], package["build_string"]) for package in theirs} == await _installed(
        api, made
    )


async def test_conda_lock_renders_the_same_packages(
    api: Api, made: Any, tmp_path: Path, tensorflow_channel: TinyChannel
) -> None:
    conda_lock = _program("conda-lock", "TFENV_CONDA_LOCK")
    await _file(api, made, "conda-lock", tmp_path / "conda-lock.yml")
    await _run(conda_lock, "render", "--kind", "explicit", "conda-lock.yml", cwd=tmp_path)
    lines = (tmp_path / "conda-linux-64.lock").read_text(encoding="utf-8").splitlines()
    theirs = {line.partition("#")[0] for line in lines if line.startswith(tensorflow_channel.url)}
    _, text = await api.call("GET", f"environments/{made['id']}/export?format=explicit")
    assert theirs == {line.partition("#")[0] for line in text.splitlines() if line.startswith("file:")}
    assert len(theirs) == len(await _installed(api, made))
