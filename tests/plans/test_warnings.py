"""Test a plan's warnings, each from a real change of a tiny environment."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import PYTHON, SITE, fill


def _codes(plan: Any) -> list[str]:
    return [warning["code"] for warning in plan["warnings"]]


async def test_a_plain_create_has_no_warnings(api: Api) -> None:
    plan = await api.plan(kind="create", name="tf", tensorflow="2.20.*", python=PYTHON)
    assert plan["warnings"] == []


async def test_a_cpu_build_on_a_machine_with_a_gpu_is_warned_about_unless_requested(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "12.6")
    request = {"kind": "create", "name": "tf", "tensorflow": "2.20.*", "python": PYTHON}
    plan = await api.plan(**request)
    assert _codes(plan) == ["cpu-build-with-gpu"]
    # The variable does not mean that there is a GPU.
    assert plan["warnings"][0]["message"].startswith("CONDA_OVERRIDE_CUDA says CUDA 12.6")
    assert _codes(await api.plan(**request, variant="cpu")) == []


class TestWhatPipInstalled:
    def install(self, made: Any, name: str, version: str, *requires: str) -> None:
        dist = Path(made["prefix"]) / SITE / f"{name}-{version}.dist-info"
        dist.mkdir()
        lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {text}" for text in requires)]
        (dist / "METADATA").write_text("\n".join(lines) + "\n")
        (dist / "INSTALLER").write_text("pip\n")
        (dist / "RECORD").write_text("")

    async def test_a_pip_package_that_conda_overwrites_is_named(self, api: Api, made: Any) -> None:
        self.install(made, "pandas", "2.1.0")
        plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
        assert _codes(plan) == ["pip-overwritten"]
        assert "pandas" in plan["warnings"][0]["message"]

    async def test_a_pip_package_that_replaced_condas_is_named(self, api: Api, made: Any) -> None:
        self.install(made, "numpy", "2.1.7")
        plan = await api.plan(kind="install", environment=made["id"], specs=["numpy 2.2.*"])
        assert _codes(plan) == ["pip-overwritten"]
        plan = await api.plan(kind="remove", environment=made["id"], packages=["numpy"])
        assert "pip-broken" in _codes(plan)

    async def test_a_pip_package_that_is_not_affected_is_not_named(self, api: Api, made: Any) -> None:
        self.install(made, "numpy", "2.1.7")
        self.install(made, "greet", "1.0", "numpy>=2")
        assert _codes(await api.plan(kind="install", environment=made["id"], specs=["pandas"])) == []

    @pytest.mark.parametrize("into", [None, "copy"])
    async def test_a_pip_package_that_needs_another_version_is_named(
        self, api: Api, made: Any, into: str | None
    ) -> None:
        self.install(made, "greet", "1.0", "numpy<2.2", 'pandas>9; extra == "all"', "not a requirement", "keras>=3")
        plan = await api.plan(kind="install", environment=made["id"], specs=["numpy 2.2.*"], into=into)
        assert _codes(plan) == ["pip-broken"]
        assert "greet needs numpy <2.2, which changes to 2.2.0." in plan["warnings"][0]["message"]

    async def test_a_pip_package_that_loses_a_dependency_is_named(self, api: Api, made: Any) -> None:
        self.install(made, "greet", "1.0", "pip")
        plan = await api.plan(kind="remove", environment=made["id"], packages=["pip"])
        assert [w["message"] for w in plan["warnings"]] == [
            "This change may break packages that pip installed: greet needs pip, which is removed."
        ]


async def test_notebooks_that_use_the_environment_are_named(api: Api, made: Any, jp_fetch: Any) -> None:
    body = {"path": "work/model.ipynb", "type": "notebook", "name": "", "kernel": {"name": made["kernel"]["name"]}}
    session = json.loads((await jp_fetch("api", "sessions", method="POST", body=json.dumps(body))).body)
    plan = await api.plan(kind="install", environment=made["id"], specs=["pandas"])
    assert _codes(plan) == ["running-kernels"]
    assert "work/model.ipynb" in plan["warnings"][0]["message"]
    nothing = await api.plan(kind="install", environment=made["id"], specs=["numpy"])
    assert (nothing["entries"], _codes(nothing)) == ([], [])
    await jp_fetch("api", "sessions", session["id"], method="DELETE")


class TestKernels:
    @pytest.fixture
    def tensorflow_channel(self, channel: TinyChannel) -> TinyChannel:
        kernel = {"share/jupyter/kernels/ir/kernel.json": '{"argv": ["R"], "display_name": "R", "language": "R"}'}
        channel.add("r-irkernel", "1.3", noarch="generic", files=kernel)
        return fill(channel)

    async def test_removing_the_kernel_gives_a_warning(self, api: Api, made: Any) -> None:
        plan = await api.plan(kind="remove", environment=made["id"], packages=["ipykernel"])
        assert _codes(plan) == ["kernel-removed"]
        assert plan["warnings"][0]["message"].startswith("ipykernel is removed. Notebooks cannot use this environment")

    async def test_the_kernel_of_another_language_counts(self, api: Api, made: Any) -> None:
        await api.apply(kind="install", environment=made["id"], specs=["r-irkernel"])
        plan = await api.plan(kind="remove", environment=made["id"], packages=["r-irkernel"])
        assert _codes(plan) == ["kernel-removed"]
        plan = await api.plan(kind="revert", environment=made["id"], revision=0)
        assert "kernel-removed" in _codes(plan)

    async def test_afterwards_the_environment_offers_to_install_it(self, api: Api, made: Any) -> None:
        await api.apply(kind="remove", environment=made["id"], packages=["ipykernel"])
        found = await api.environment("tf")
        assert found["kernel"] is None
        (advice,) = (item for item in found["advice"] if item["code"] == "no-kernel")
        await api.apply(**advice["plan_request"])
        assert (await api.environment("tf"))["kernel"] == made["kernel"]

    async def test_a_hidden_environment_without_kernel_is_shown_when_it_gets_one(self, api: Api, made: Any) -> None:
        await api.call("DELETE", f"environments/{made['id']}/kernelspec")
        await api.apply(kind="remove", environment=made["id"], packages=["ipykernel"])
        await api.apply(kind="install", environment=made["id"], specs=["ipykernel"])
        assert (await api.environment("tf"))["kernel"] == made["kernel"]


class TestGenerations:
    """A channel with the last release of Keras 2 and one of Keras 3."""

    @pytest.fixture
    def tensorflow_channel(self, channel: TinyChannel) -> TinyChannel:
        return fill(channel, releases=("2.15.1", "2.19.1"))

    async def test_a_change_from_keras_2_to_3_is_warned_about(self, api: Api) -> None:
        await api.apply(kind="create", name="old", tensorflow="2.15.*", python=PYTHON)
        old = await api.environment("old")
        plan = await api.plan(kind="update", environment=old["id"], packages=["tensorflow"])
        assert set(_codes(plan)) == {"tensorflow-minor", "keras-3"}
        assert "tf-keras" in next(w["message"] for w in plan["warnings"] if w["code"] == "keras-3")
