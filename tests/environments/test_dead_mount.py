"""Test that a file system that does not answer delays nothing else. It is a real mount that nothing serves."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.kernelspec import KernelSpec

from tests.conftest import Api, DeadMount
from tests.environments.conftest import run
from tests.kernels.on_disk import hand_made, registered
from tests.prefixes import make_prefix
from tests.tiny_tensorflow import PYTHON
from tfenv_lab.conda.settings import condarc, roots
from tfenv_lab.environments.service import EnvironmentService
from tfenv_lab.kernels import diagnosis
from tfenv_lab.kernels.service import KernelService

#: Seconds that an answer may take: two rounds of reads may reach their limits.
BOUND = 12.0

Register = Callable[[Path | str], None]


@pytest.fixture
def dead(dead_mount: DeadMount, tmp_path: Path) -> Path:
    """A directory on that file system."""
    return dead_mount(tmp_path / "drive")


@pytest.fixture
def listed(home: Path, envs: Path) -> Callable[[], dict[str, list[str]]]:
    """List environments with their kernels twice, each in bounded time; return the warnings' codes by name."""
    make_prefix(envs / "mine", python="3.11.9", kernels=["python3"])

    def answer() -> dict[str, list[str]]:
        begun = time.monotonic()
        settings = condarc.load(home=home)
        kernels = KernelService(settings, prefixes=dict, envs_dir=envs)
        service = EnvironmentService(settings, envs_dir=envs, kernels_of=kernels.registered)
        found = run(service.list())
        assert time.monotonic() - begun < BOUND
        begun = time.monotonic()
        assert [each.name for each in run(service.list())] == [each.name for each in found]
        assert time.monotonic() - begun < BOUND
        return {each.name: [advice.code for advice in each.advice] for each in found}

    return answer


def test_a_registered_environment(dead: Path, listed: Callable[[], dict[str, list[str]]], register: Register) -> None:
    register(dead / "envs" / "tf")
    register(dead / "envs" / "other")
    assert listed() == {
        "mine": [],
        str(dead / "envs" / "tf"): ["unreachable"],
        str(dead / "envs" / "other"): ["unreachable"],
    }


def test_a_folder_of_environments(dead: Path, listed: Callable[[], dict[str, list[str]]], home: Path) -> None:
    (home / ".condarc").write_text(f"envs_dirs: ['{dead}/envs']\npkgs_dirs: ['{dead}/pkgs']\n")
    assert listed() == {"mine": []}


def test_a_link_to_one(dead: Path, listed: Callable[[], dict[str, list[str]]], envs: Path) -> None:
    (envs / "tf").symlink_to(dead / "envs" / "tf")
    assert listed().keys() >= {"mine"}


@pytest.mark.parametrize("variable", ["CONDA_EXE", "CONDA_PREFIX", "CONDA_ROOT", "MAMBA_ROOT_PREFIX", "CONDARC"])
def test_an_environment_that_a_variable_names(
    dead: Path, listed: Callable[[], dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, str(dead / "conda" / "bin" / "conda" if variable == "CONDA_EXE" else dead / "conda"))
    assert listed().keys() >= {"mine"}


def test_an_installation_in_a_well_known_directory(
    dead: Path, listed: Callable[[], dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(roots, "SYSTEM_ROOTS", (dead / "opt" / "conda",))
    assert listed().keys() >= {"mine"}


def test_kernels_of_environments_on_the_drive_do_not_delay_the_list(
    dead: Path, listed: Callable[[], dict[str, list[str]]]
) -> None:
    mark = {"prefix": str(dead / "envs" / "tf"), "kernel": "python3"}
    hand_made("conda-env-tf-py", metadata={"tfenv_lab": mark})
    hand_made("theirs", argv=[str(dead / "other" / "bin" / "python")])
    assert listed() == {"mine": []}


def test_reconciliation(dead: Path, home: Path, envs: Path) -> None:
    hand_made("conda-env-tf-py", metadata={"tfenv_lab": {"prefix": str(dead / "envs" / "tf"), "kernel": "python3"}})
    gone = {"prefix": str(envs / "gone"), "kernel": "python3"}
    hand_made("conda-env-gone-py", metadata={"tfenv_lab": gone})
    begun = time.monotonic()
    run(KernelService(condarc.load(home=home), prefixes=dict, envs_dir=envs).reconcile())
    assert time.monotonic() - begun < BOUND
    assert registered() == ["conda-env-tf-py"]


def test_another_environment_becomes_a_kernel(dead: Path, home: Path, envs: Path) -> None:
    hand_made("conda-env-tf-py", metadata={"tfenv_lab": {"prefix": str(dead / "envs" / "tf"), "kernel": "python3"}})
    prefix = make_prefix(envs / "mine", python="3.11.9", kernels=["python3"])
    begun = time.monotonic()
    kernel = run(KernelService(condarc.load(home=home), prefixes=dict, envs_dir=envs).register(prefix))
    assert time.monotonic() - begun < BOUND
    assert kernel.name == "conda-env-mine-py"


def test_a_notebook_on_it_gets_the_reason(dead: Path) -> None:
    mark = {"prefix": str(dead / "envs" / "tf"), "kernel": "python3"}
    spec = KernelSpec(argv=[str(dead / "envs" / "tf" / "bin" / "python")], metadata={"tfenv_lab": mark})
    begun = time.monotonic()
    assert "network drive may be unavailable" in str(run(diagnosis.reason(spec)))
    assert time.monotonic() - begun < BOUND


class TestServer:
    """A server whose configuration names such a drive, as its first envs_dir and for an environment."""

    @pytest.fixture
    def jp_server_config(self, jp_server_config: dict[str, Any], dead: Path, home: Path, register: Register) -> Any:
        (home / ".condarc").write_text(f"envs_dirs: ['{dead}/envs', '{home}/envs']\n")
        register(dead / "envs" / "tf")
        return jp_server_config

    async def test_the_server_works_with_the_other_environments(self, api: Api, dead: Path, home: Path) -> None:
        begun = time.monotonic()
        found = await api.environment("tf")
        for path in ("", "/packages", "/size", "/revisions", "/export?format=environment-yml"):
            status, answer = await api.call("GET", f"environments/{found['id']}{path}")
            assert status == (404 if path else 200)
            assert "network drive may be unavailable" in str(answer)
        _, status = await api.call("GET", "status")
        assert status["envs_dir"] == f"{home}/envs"
        away = next(folder for folder in status["envs_dirs"] if folder["path"] == f"{dead}/envs")
        assert away == {"path": f"{dead}/envs", "writable": False, "free_bytes": None, "reason": None, "sentences": {}}
        assert time.monotonic() - begun < 2 * BOUND
        job = await api.apply(kind="create", name="new", tensorflow="2.19.*", python=PYTHON)
        assert job["state"] == "succeeded", job
        assert (await api.environment("new"))["kernel"]
