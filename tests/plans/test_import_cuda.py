"""Test that a file that needs CUDA can be imported on a machine without a driver."""

from __future__ import annotations

from typing import Any

import pytest

from ..conftest import Api
from ..tiny_channel import TinyChannel
from ..tiny_tensorflow import TAG


def _told(plan: Any) -> str:
    return "\n".join(warning["message"] for warning in plan["warnings"])


@pytest.fixture
def tensorflow_channel(tensorflow_channel: TinyChannel, monkeypatch: pytest.MonkeyPatch) -> TinyChannel:
    """A channel with CUDA builds, on a machine without a driver."""
    monkeypatch.setenv("CONDA_OVERRIDE_CUDA", "")
    for cuda in ("11.8", "12.6"):
        tensorflow_channel.add("cuda-version", cuda, noarch="generic", constrains=[f"__cuda >={cuda}"])
        build = f"cuda{cuda.replace('.', '')}py{TAG}h0_0"
        needs = ["__cuda", f"cuda-version {cuda}.*", "python"]
        tensorflow_channel.add("tensorflow", "2.20.0", build=build, depends=needs)
    tensorflow_channel.add("tensorflow-gpu", "2.20.0", noarch="generic", depends=["tensorflow 2.20.0 cuda*"])
    tensorflow_channel.index()
    return tensorflow_channel


@pytest.mark.parametrize(
    ("spec", "cuda"),
    [
        ("tensorflow=2.20.*=cuda*", "12.6"),
        ("tensorflow>=2.17.0=cuda12*", "12.6"),
        ("tensorflow=*=cuda11*", "11.8"),
        ("tensorflow[build=*cuda*]", "12.6"),
        ("tensorflow-gpu", "12.6"),
        ("tensorflow * cuda118*", "11.8"),
    ],
)
async def test_a_file_that_needs_cuda_is_planned_without_a_driver(api: Api, spec: str, cuda: str) -> None:
    plan = await api.plan(kind="import", name="new", content=f"dependencies: ['{spec}']\n")
    build = next(entry["to"]["build"] for entry in plan["entries"] if entry["name"] == "tensorflow")
    assert build.startswith(f"cuda{cuda.replace('.', '')}")
    assert f" {cuda}," in _told(plan)
    assert "no NVIDIA driver" in _told(plan)


async def test_the_file_names_the_version(api: Api) -> None:
    content = "dependencies: [tensorflow=*=cuda*, cuda-version=11.8]\n"
    plan = await api.plan(kind="import", name="new", content=content)
    assert "CUDA 11.8, which the file names, is assumed." in _told(plan)


async def test_a_request_can_say_the_version(api: Api) -> None:
    content = "dependencies: [tensorflow=*=cuda*]\n"
    plan = await api.plan(kind="import", name="new", content=content, cuda="12.0")
    build = next(entry["to"]["build"] for entry in plan["entries"] if entry["name"] == "tensorflow")
    assert build.startswith("cuda118")


async def test_a_file_without_cuda_assumes_none(api: Api) -> None:
    plan = await api.plan(kind="import", name="new", content="dependencies: [tensorflow, ipykernel]\n")
    assert plan["warnings"] == []
