"""Test that pip, uv and conda list the same packages as the panel, whoever installed them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import python_package
from tests.conftest import Api
from tests.kernels.original import CONDA
from tests.simple_index import SimpleIndex
from tests.tiny_channel import TinyChannel
from tests.tiny_tensorflow import SITE
from tfenv_lab.pypi import uv

PATH = os.environ["PATH"]


@pytest.fixture
def tensorflow_channel(channel: TinyChannel, tmp_path: Path) -> TinyChannel:
    """A channel with a Python that has its own prefix and pip, and numpy as conda-forge packs it."""
    python_package.add(channel, tmp_path / "pip")
    metadata = "Metadata-Version: 2.1\nName: numpy\nVersion: 2.1.0\n"
    info = f"{SITE}/numpy-2.1.0.dist-info"
    files = {
        f"{SITE}/numpy/__init__.py": "",
        f"{info}/METADATA": metadata,
        f"{info}/INSTALLER": "conda\n",
        f"{info}/RECORD": "numpy/__init__.py,,\n",
    }
    channel.add("numpy", "2.1.0", noarch="generic", depends=["python"], files=files)
    channel.add("ipykernel", "7.0.0", noarch="generic", depends=["python"])
    channel.index()
    return channel


async def run(*command: str | Path) -> str:
    # The packages of the Python that runs the tests must not count.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = await asyncio.to_thread(subprocess.run, command, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def mixed(api: Api, simple_index: SimpleIndex, jp_asyncio_loop: asyncio.AbstractEventLoop) -> Path:
    """An environment with packages of a channel, of the index, and of pip and uv in a terminal."""
    simple_index.add("greet", "1.0", requires=["hello"])
    simple_index.add("hello", "1.2")
    for name in ("by-pip", "by-uv"):
        simple_index.add(name, "1.0")

    async def make() -> Path:
        job = await api.apply(kind="create", name="new", packages=["numpy", "pypi:greet"])
        assert job["state"] == "succeeded", job
        prefix = Path((await api.environment("new"))["prefix"])
        await run(prefix / "bin/python", "-m", "pip", "install", "--no-cache-dir", "-i", simple_index.url, "by-pip")
        await run(uv.binary(), "pip", "install", "--python", prefix / "bin/python", "by-uv")
        return prefix

    return jp_asyncio_loop.run_until_complete(make())


async def shown(api: Api) -> list[dict[str, Any]]:
    environment = await api.environment("new")
    _, found = await api.call("GET", f"environments/{environment['id']}/packages")
    return list(found["packages"])


#: What has Python metadata in the environment; the other packages of the channel have none.
PYTHON_PACKAGES = {"numpy": "2.1.0", "greet": "1.0", "hello": "1.2", "by-pip": "1.0", "by-uv": "1.0"}


@pytest.mark.parametrize("program", ["pip", "uv"])
async def test_pip_and_uv_list_the_python_packages(api: Api, mixed: Path, program: str) -> None:
    python = mixed / "bin/python"
    commands: dict[str, list[str | Path]] = {
        "pip": [python, "-m", "pip", "list", "--format=json"],
        "uv": [uv.binary(), "pip", "list", "--python", python, "--format=json"],
    }
    listed = {each["name"]: each["version"] for each in json.loads(await run(*commands[program]))}
    assert listed == PYTHON_PACKAGES
    packages = {each["name"]: each["version"] for each in await shown(api)}
    assert listed.items() <= packages.items()


async def test_condas_list_has_the_same_packages_and_sources(api: Api, mixed: Path) -> None:
    # As “conda list” does: the records, and the Python packages that another installer wrote.
    records = [json.loads(path.read_text()) for path in (mixed / "conda-meta").glob("*.json")]
    infos = [path for path in mixed.glob("lib/python*/site-packages/*.dist-info")]
    others = [path for path in infos if (path / "INSTALLER").read_text().strip() != "conda"]
    listed = {(each["name"], each["version"], "conda") for each in records}
    for path in others:
        name, version = path.name.removesuffix(".dist-info").split("-")
        listed.add((name.replace("_", "-"), version, "pypi"))
    assert listed == {(each["name"], each["version"], each["source"]) for each in await shown(api)}
    assert {name for name, _, source in listed if source == "pypi"} == {"greet", "hello", "by-pip", "by-uv"}


async def test_all_of_them_agree_after_pip_and_uv_removed_packages(api: Api, mixed: Path) -> None:
    python = mixed / "bin/python"
    await run(python, "-m", "pip", "uninstall", "--yes", "greet")
    await run(uv.binary(), "pip", "uninstall", "--python", python, "by-pip")
    names = {each["name"] for each in await shown(api)}
    listed = {each["name"] for each in json.loads(await run(python, "-m", "pip", "list", "--format=json"))}
    assert listed == {"numpy", "hello", "by-uv"} == names & PYTHON_PACKAGES.keys()


@pytest.mark.skipif(CONDA is None, reason="there is no conda here (TFENV_CONDA names one)")
async def test_condas_export_lists_the_wheels(mixed: Path, clean_home: Path) -> None:
    environment = {"HOME": str(clean_home), "PATH": PATH}
    command = [str(CONDA), "env", "export", "--prefix", str(mixed)]
    done = await asyncio.to_thread(subprocess.run, command, env=environment, capture_output=True, text=True, check=True)
    (pip,) = [each["pip"] for each in yaml.safe_load(done.stdout)["dependencies"] if isinstance(each, dict)]
    assert sorted(pip) == ["by-pip==1.0", "by-uv==1.0", "greet==1.0", "hello==1.2"]
