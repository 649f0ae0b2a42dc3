"""Beside nb_conda_kernels: every kernel once, new ones at once, and a setting that deletes ours is said.

The package is not on PyPI. What is used here is an imitation of its manager at the edge: it remembers
``conda info`` and its kernelspecs for a minute each and serves an environment's kernel under its own id, as
version 2.5 does.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from jupyter_core.paths import jupyter_data_dir
from traitlets import Unicode

from tests.kernels.conftest import run
from tests.prefixes import make_prefix
from tfenv_lab.kernels import conda_manager
from tfenv_lab.kernels.naming import environment_names, kernel_id
from tfenv_lab.kernels.service import KernelService


class CondaKernelSpecManager(KernelSpecManager):
    """The imitation. ``asked`` counts the calls to conda that its original would make."""

    kernelspec_path = Unicode(None, allow_none=True)
    name_format = Unicode("{language} [conda env:{environment}]")
    _conda_info_cache: dict[str, Any] | None = None
    _conda_info_cache_expiry: float | None = None
    _conda_kernels_cache: dict[str, KernelSpec] | None = None
    _conda_kernels_cache_expiry: float | None = None
    asked = 0
    prefixes: Callable[[], list[str]]

    @property
    def _conda_info(self) -> dict[str, Any]:
        if self._conda_info_cache is None:
            self.asked += 1
            self._conda_info_cache = {"envs": sorted(self.prefixes()), "conda_prefix": "/no/base"}
            self._conda_info_cache_expiry = time.time() + 60
        return self._conda_info_cache

    @property
    def _conda_kspecs(self) -> dict[str, KernelSpec]:
        if self._conda_kernels_cache is None or (self._conda_kernels_cache_expiry or 0) < time.time():
            self._conda_kernels_cache = {}
            for prefix, name in environment_names(self._conda_info["envs"], "/no/base").items():
                for path in Path(prefix).glob("share/jupyter/kernels/*/kernel.json"):
                    spec = KernelSpec(**{**json.loads(path.read_text()), "resource_dir": str(path.parent)})
                    self._conda_kernels_cache[kernel_id(name, path.parent.name)] = spec
            self._conda_kernels_cache_expiry = time.time() + 60
        return self._conda_kernels_cache

    def find_kernel_specs(self) -> dict[str, str]:
        found = dict(super().find_kernel_specs())
        return {**found, **{name: spec.resource_dir for name, spec in self._conda_kspecs.items()}}

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return self._conda_kspecs.get(kernel_name) or super().get_kernel_spec(kernel_name)


@pytest.fixture
def base_envs(tmp_path: Path) -> Path:
    return tmp_path / "proj" / "envs"


@pytest.fixture
def manager(base_envs: Path) -> CondaKernelSpecManager:
    made = CondaKernelSpecManager()
    made.prefixes = lambda: [str(path) for path in sorted(base_envs.glob("*"))]
    return made


@pytest.fixture
def service(make_service: Callable[..., KernelService], base_envs: Path, manager: Any) -> KernelService:
    return make_service(folders=[base_envs], manager=manager)


def conda_kernels(manager: KernelSpecManager) -> list[str]:
    return sorted(name for name in manager.find_kernel_specs() if name.startswith("conda-"))


def test_each_kernel_is_there_once(service: KernelService, manager: CondaKernelSpecManager, base_envs: Path) -> None:
    prefix = make_prefix(base_envs / "tf", python="3.11.9", kernels=["python3"])
    kernel = run(service.register(prefix))
    assert conda_kernels(manager) == [kernel.name] == ["conda-env-proj-tf-py"]


def test_a_new_environment_is_there_at_once(
    service: KernelService, manager: CondaKernelSpecManager, base_envs: Path
) -> None:
    base_envs.mkdir(parents=True)
    assert conda_kernels(manager) == []
    prefix = make_prefix(base_envs / "tf", python="3.11.9", kernels=["python3"])
    run(service.register(prefix))
    assert manager.get_kernel_spec("conda-env-proj-tf-py").resource_dir.startswith(str(prefix))
    assert manager.asked == 1


def test_a_removed_one_is_gone_at_once(
    service: KernelService, manager: CondaKernelSpecManager, base_envs: Path
) -> None:
    prefix = make_prefix(base_envs / "tf", python="3.11.9", kernels=["python3"])
    run(service.register(prefix))
    assert conda_kernels(manager) == ["conda-env-proj-tf-py"]
    prefix.rename(base_envs.parent / "deleted")
    run(service.unregister(prefix))
    assert conda_kernels(manager) == []


def test_what_conda_says_later_counts_again(manager: CondaKernelSpecManager, base_envs: Path) -> None:
    make_prefix(base_envs / "tf", python="3.11.9", kernels=["python3"])
    conda_kernels(manager)
    conda_manager.forget(manager, base_envs / "other", exists=True)
    assert manager._conda_info_cache_expiry is not None
    assert manager._conda_info_cache_expiry < time.time()


def test_jupyters_own_manager_is_left_alone() -> None:
    plain = KernelSpecManager()
    conda_manager.forget(plain, Path("/x"), exists=True)
    assert not hasattr(plain, "_conda_info_cache_expiry")
    assert conda_manager.trouble(plain) is None
    assert conda_manager.trouble(None) is None


class TestTrouble:
    @pytest.mark.parametrize("path", [None, "", "--sys-prefix", "/elsewhere"])
    def test_none(self, path: str | None, manager: CondaKernelSpecManager) -> None:
        manager.kernelspec_path = path
        assert conda_manager.trouble(manager) is None

    def test_our_directory_by_its_word(self, manager: CondaKernelSpecManager) -> None:
        manager.kernelspec_path = "--user"
        assert "kernelspec_path" in (conda_manager.trouble(manager) or "")

    def test_our_directory_by_its_path(
        self, manager: CondaKernelSpecManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(tmp_path / "prefix" / "share" / "jupyter"))
        manager.kernelspec_path = str(tmp_path / "prefix")
        assert jupyter_data_dir().startswith(str(tmp_path))
        assert "delete" in (conda_manager.trouble(manager) or "")

    def test_it_is_logged_when_the_server_starts(
        self,
        manager: CondaKernelSpecManager,
        make_service: Callable[..., KernelService],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        manager.kernelspec_path = "--user"
        make_service(manager=manager)
        assert "kernelspec_path" in caplog.text
