"""Fixtures of an isolated machine: a home directory, an envs_dir and a base environment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.prefixes import make_prefix
from tfenv_lab.conda.settings import condarc, files, roots
from tfenv_lab.environments.models import Environment
from tfenv_lab.environments.service import EnvironmentService

Result = TypeVar("Result")


def run(awaitable: Awaitable[Result]) -> Result:
    async def wait() -> Result:
        return await awaitable

    return asyncio.run(wait())


def only(service: EnvironmentService) -> Environment:
    (found,) = run(service.list())
    return found


def settle(prefix: Path) -> None:
    """Set all times one minute back, because what changed just now would be read again to be sure."""
    for path in (prefix, *prefix.rglob("*")):
        status = path.lstat()
        os.utime(path, (status.st_atime - 60, status.st_mtime - 60), follow_symlinks=False)


@pytest.fixture(autouse=True)
def own_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide the system directories and conda installations of the machine that runs the tests."""
    monkeypatch.setattr(files, "SYSTEM_DIRS", (str(tmp_path / "etc"),))
    monkeypatch.setattr(roots, "SYSTEM_ROOTS", (tmp_path / "opt" / "conda",))


@pytest.fixture
def home(clean_home: Path) -> Path:
    return clean_home


@pytest.fixture
def envs(home: Path) -> Path:
    """conda's default envs_dir of a user."""
    folder = home / ".conda" / "envs"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """The root prefix of conda, in a well-known directory."""
    return make_prefix(tmp_path / "opt" / "conda", ["conda-26.7.1-py312_0"], python="3.12.4")


@pytest.fixture
def make_service(home: Path, envs: Path) -> Callable[..., EnvironmentService]:
    def make(**options: Any) -> EnvironmentService:
        return EnvironmentService(condarc.load({}, home), envs_dir=envs, **options)

    return make


@pytest.fixture
def service(make_service: Callable[..., EnvironmentService]) -> EnvironmentService:
    return make_service()


@pytest.fixture
def register(home: Path) -> Callable[[Path | str], None]:
    """Return a function that adds a line to conda's environments.txt."""

    def add(prefix: Path | str) -> None:
        path = home / ".conda" / "environments.txt"
        path.parent.mkdir(exist_ok=True)
        with path.open("a") as file:
            file.write(f"{prefix}\n")

    return add


@pytest.fixture
def tf(envs: Path) -> Path:
    stems = ["tensorflow-2.19.1-cpu_py311h1_0", "keras-3.5.0-pyh_0"]
    prefix = make_prefix(envs / "tf", stems, python="3.11.9", kernels=["python3"])
    settle(prefix)
    return prefix
