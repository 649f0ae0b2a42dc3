"""Tests with nb_conda_kernels: it lists each kernel once, and a setting that deletes our kernels is reported.

Each test runs with the real one if it is available (``original.py``), and with an imitation of its manager. Like
version 2.5, that one caches ``conda info`` and its kernelspecs for a minute each, and lists an environment's kernel
under its own id.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from traitlets import Unicode
from traitlets.config import Config

from tests.kernels import original
from tests.kernels.conftest import run
from tests.prefixes import make_prefix
from tfenv_lab.environments.models import EnvironmentFacts, Kernel
from tfenv_lab.kernels import conda_manager
from tfenv_lab.kernels.naming import environment_names, kernel_id
from tfenv_lab.kernels.service import KernelService


class CondaKernelSpecManager(KernelSpecManager):
    """An imitation of the manager. ``asked`` counts the calls to conda that the original would make."""

    kernelspec_path = Unicode(None, allow_none=True)
    base_name = Unicode("base")
    name_format = Unicode("{language} [conda env:{environment}]")
    _conda_info_cache: dict[str, Any] | None = None
    _conda_info_cache_expiry: float | None = None
    _conda_kernels_cache: dict[str, KernelSpec] | None = None
    _conda_kernels_cache_expiry: float | None = None
    asked = 0
    prefixes: Callable[[], list[str]]

    def _all_envs(self) -> dict[str, str]:
        names = environment_names(self._conda_info["envs"], "/no/base", base_name=self.base_name)
        return {name: prefix for prefix, name in names.items()}

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
            for name, prefix in self._all_envs().items():
                for path in Path(prefix).glob("share/jupyter/kernels/*/kernel.json"):
                    metadata = {"conda_env_path": prefix}
                    fields = {**json.loads(path.read_text()), "metadata": metadata, "resource_dir": str(path.parent)}
                    spec = KernelSpec(**fields)
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


@pytest.fixture(params=["imitated", "real"])
def make_manager(
    request: pytest.FixtureRequest, base_envs: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Any]:
    if request.param == "real":
        monkeypatch.setenv("CONDA_ENVS_DIRS", str(base_envs))
        real = original.load(monkeypatch)
        # Like a configuration file, set all traits before any is validated.
        return lambda **traits: real(config=Config(CondaKernelSpecManager=traits))

    def imitated(**traits: Any) -> CondaKernelSpecManager:
        made = CondaKernelSpecManager(**traits)
        made.prefixes = lambda: [str(path) for path in sorted(base_envs.glob("*"))]
        return made

    return imitated


@pytest.fixture
def manager(make_manager: Callable[..., Any]) -> Any:
    return make_manager()


@pytest.fixture
def service(make_service: Callable[..., KernelService], base_envs: Path, manager: Any) -> KernelService:
    return make_service(folders=[base_envs], manager=manager)


@pytest.fixture
def kernels(manager: Any, tmp_path: Path) -> Callable[[], list[str]]:
    """Return the kernels that the manager lists of the test's environments."""
    return lambda: sorted(original.below(manager, tmp_path))


@pytest.mark.parametrize("name", ["tf", "TF-Größe 2"])
def test_each_kernel_is_listed_once(
    service: KernelService, manager: Any, kernels: Callable[[], list[str]], base_envs: Path, name: str
) -> None:
    prefix = make_prefix(base_envs / name, python="3.11.9", kernels=["python3"])
    kernel = run(service.register(prefix))
    (shown,) = kernels()
    assert shown.lower() == kernel.name
    assert Path(manager.get_kernel_spec(shown).resource_dir).is_relative_to(prefix)
    assert run(service.kernel_of(prefix)) == Kernel(shown, manager.get_kernel_spec(shown).display_name)


def test_a_new_environment_is_listed_at_once(
    service: KernelService, manager: Any, kernels: Callable[[], list[str]], base_envs: Path
) -> None:
    base_envs.mkdir(parents=True)
    assert kernels() == []
    prefix = make_prefix(base_envs / "tf", python="3.11.9", kernels=["python3"])
    run(service.register(prefix))
    assert kernels() == ["conda-env-proj-tf-py"]
    assert manager.get_kernel_spec("conda-env-proj-tf-py").resource_dir.startswith(str(prefix))


def test_a_deleted_environment_is_gone_at_once(
    service: KernelService, kernels: Callable[[], list[str]], base_envs: Path
) -> None:
    prefix = make_prefix(base_envs / "tf", python="3.11.9", kernels=["python3"])
    run(service.register(prefix))
    assert kernels() == ["conda-env-proj-tf-py"]
    shutil.rmtree(prefix)
    run(service.unregister(prefix))
    assert kernels() == []


def test_conda_is_called_only_once(base_envs: Path) -> None:
    manager = CondaKernelSpecManager()
    manager.prefixes = list
    conda_manager.forget(manager, base_envs / "before", exists=True)
    for _ in range(2):
        manager.find_kernel_specs()
        conda_manager.forget(manager, base_envs / "tf", exists=True)
    assert manager.asked == 1


def test_a_later_answer_of_conda_replaces_the_corrected_one(manager: Any, base_envs: Path) -> None:
    make_prefix(base_envs / "tf", python="3.11.9", kernels=["python3"])
    manager.find_kernel_specs()
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
    @pytest.mark.parametrize("path", [None, "", "--sys-prefix", "elsewhere"])
    def test_other_settings_cause_no_warning(
        self, path: str | None, make_manager: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The real manager writes there.
        monkeypatch.setattr("jupyter_client.kernelspec.SYSTEM_JUPYTER_PATH", [str(tmp_path / "system")])
        monkeypatch.setattr(sys, "prefix", str(tmp_path / "server"))
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path)
        assert conda_manager.trouble(make_manager(kernelspec_path=path)) is None

    def test_the_user_option_names_our_directory(self, make_manager: Any) -> None:
        assert "kernelspec_path" in (conda_manager.trouble(make_manager(kernelspec_path="--user")) or "")

    @pytest.mark.parametrize("path", ["place", "--sys-prefix"])
    def test_a_path_can_be_our_directory(
        self, make_manager: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str
    ) -> None:
        place = tmp_path / "place"
        place.mkdir()
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "prefix", str(place))
        monkeypatch.setenv("JUPYTER_DATA_DIR", str(place / "share" / "jupyter"))
        assert "delete" in (conda_manager.trouble(make_manager(kernelspec_path=path)) or "")

    def test_it_is_logged_when_the_server_starts(
        self, make_manager: Any, make_service: Callable[..., KernelService], caplog: pytest.LogCaptureFixture
    ) -> None:
        make_service(manager=make_manager(kernelspec_path="--user"))
        assert "kernelspec_path" in caplog.text

    def test_environments_with_a_kernel_have_the_warning(
        self, make_manager: Any, make_service: Callable[..., KernelService]
    ) -> None:
        service = make_service(manager=make_manager(kernelspec_path="--user"))
        bare = EnvironmentFacts("1", Path("/x"))
        assert [advice.code for advice in service.advice(replace(bare, kernels=("python3",)))] == ["kernels-deleted"]
        assert service.advice(bare) == []
