"""Environments with packages of a channel and of a package index."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

from tfenv_lab.pypi import uv

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import SITE


def add_project(channel: TinyChannel, name: str, version: str) -> None:
    """Add a conda package with the metadata of a Python project."""
    info = f"{SITE}/{name}-{version}.dist-info"
    files = {
        f"{SITE}/{name}/__init__.py": f"__version__ = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
    }
    channel.add(name, version, depends=["python"], files=files)


async def packages(api: Api, name: str) -> dict[str, tuple[str, str]]:
    environment = await api.environment(name)
    _, found = await api.call("GET", f"environments/{environment['id']}/packages")
    return {each["name"]: (each["version"], each["source"]) for each in found["packages"]}


def by_name(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in plan["entries"]}


async def by_hand(environment: dict[str, Any], *wanted: str) -> None:
    """Install packages with uv, as in a terminal."""
    python = Path(environment["prefix"]) / "bin" / "python"
    line = [uv.binary(), "pip", "install", "--python", str(python), *wanted]
    done = await asyncio.to_thread(subprocess.run, line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
