"""Fixtures of a kernel service for handmade environments, and of kernels that it registers and Jupyter starts."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.kernels import on_disk
from tests.prefixes import make_prefix
from tfenv_lab.conda.settings import condarc
from tfenv_lab.conda.settings.condarc import CondaSettings
from tfenv_lab.kernels.service import KernelService

Result = TypeVar("Result")


def run(awaitable: Awaitable[Result]) -> Result:
    async def wait() -> Result:
        return await awaitable

    return asyncio.run(wait())


@pytest.fixture
def envs(tmp_path: Path) -> Path:
    """The directory for new environments."""
    return tmp_path / "u" / "envs"


@pytest.fixture
def conda_settings(envs: Path, clean_home: Path) -> CondaSettings:
    return condarc.load({"CONDA_ENVS_DIRS": str(envs)}, clean_home)


@pytest.fixture
def make_service(envs: Path, conda_settings: CondaSettings) -> Callable[..., KernelService]:
    def make(folders: Sequence[Path] = (), **options: Any) -> KernelService:
        def prefixes() -> dict[Path, bool]:
            return {path: True for folder in (envs, *folders) if folder.is_dir() for path in folder.iterdir()}

        return KernelService(conda_settings, prefixes=prefixes, envs_dir=envs, **options)

    return make


@pytest.fixture
def service(make_service: Callable[..., KernelService]) -> KernelService:
    return make_service()


@pytest.fixture
def tf219(envs: Path) -> Path:
    """An environment with TensorFlow and a Python kernel."""
    return make_prefix(envs / "tf219", ["tensorflow-2.19.1-cpu_py311h1_0"], python="3.11.9", kernels=["python3"])


@pytest.fixture
def folder() -> Path:
    """The user's kernel directory."""
    return on_disk.kernels()


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """An environment with a Python kernel."""
    return make_prefix(tmp_path / "env", python="3.11.9", kernels=["python3"])


@contextmanager
def started(name: str) -> Iterator[tuple[KernelManager, BlockingKernelClient]]:
    """Start a registered kernel as Jupyter does; yield its manager and a client that is ready."""
    manager = KernelManager(kernel_name=name)
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()


def ask(client: BlockingKernelClient, code: str) -> str:
    """Return what ``code`` prints in the kernel."""
    printed: list[str] = []

    def hook(message: dict[str, Any]) -> None:
        if message["msg_type"] == "stream" and message["content"]["name"] == "stdout":
            printed.append(message["content"]["text"])

    reply = client.execute_interactive(code, timeout=60, output_hook=hook)
    assert reply["content"]["status"] == "ok", reply["content"]
    return "".join(printed).strip()
