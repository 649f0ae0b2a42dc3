"""The specs that request what a pip command installs."""

from __future__ import annotations

import pytest

from tfenv_lab.conda.solving import specs
from tfenv_lab.tensorflow.pip_commands import conda_specs

from ..conftest import Api


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["tensorflow"], ["tensorflow"]),
        (["-U", "tensorflow==2.19.*"], ["tensorflow 2.19.*"]),
        (["tensorflow>=2.18,<2.20"], ["tensorflow >=2.18,<2.20"]),
        (["TensorFlow == 2.19.1"], ["tensorflow ==2.19.1"]),
        (["tensorflow===2.19.1"], ["tensorflow ==2.19.1"]),
        (["tensorflow-cpu"], ["tensorflow * cpu_*"]),
        (["tensorflow_cpu~=2.19.0"], ["tensorflow ~=2.19.0 cpu_*"]),
        (["tensorflow-macos"], ["tensorflow * cpu_*"]),
        (["tensorflow-gpu"], ["tensorflow * cuda*"]),
        (["tensorflow[and-cuda]==2.19.0"], ["tensorflow ==2.19.0 cuda*"]),
        (["tensorflow[and_cuda]"], ["tensorflow * cuda*"]),
        (["tf_keras~=2.19.0"], ["tf-keras ~=2.19.0"]),
        (["keras==3.5.0", "pandas"], ["keras ==3.5.0", "pandas"]),
        (["keras", "keras"], ["keras"]),
        (["tensorflow @ https://example.org/x.whl"], ["tensorflow"]),
        (["tensorflow; python_version > '3.8'"], ["tensorflow"]),
    ],
)
def test_packages_of_tensorflow_become_conda_specs(arguments: list[str], expected: list[str]) -> None:
    assert conda_specs(arguments) == expected
    for spec in expected:
        specs.parse(spec, ())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["pandas>=2,<3"], ["pandas >=2,<3"]),
        (["Keras_Hub==0.2"], ["keras-hub ==0.2"]),
        (["dask[array]>=2024"], ["pypi:dask[array]>=2024"]),
        (["graphviz"], ["pypi:graphviz"]),
        (["-U", "-r", "requirements.txt", "pandas"], ["pandas"]),
        (["--index-url", "https://example.org/simple", "--pre", "pandas"], ["pandas"]),
        (["greet @ https://example.org/greet.whl"], []),
    ],
)
def test_other_packages_are_for_the_channels_or_the_index(arguments: list[str], expected: list[str]) -> None:
    assert conda_specs(arguments) == expected


@pytest.mark.parametrize("argument", ["./tensorflow", "--pre", "tensorflow=2.19", "", "[", "\udc80"])
def test_anything_else_is_left_out(argument: str) -> None:
    assert conda_specs([argument]) == []


async def test_they_are_found_over_rest(api: Api) -> None:
    body = {"arguments": ["-q", "tensorflow==2.19.*", "pandas"]}
    assert await api.call("POST", "conda-specs", body) == (200, {"specs": ["tensorflow 2.19.*", "pandas"]})


async def test_a_body_of_another_form_is_refused(api: Api) -> None:
    bodies: list[object] = [{}, {"arguments": "tensorflow"}, {"arguments": [1]}, {"arguments": {"a": "b"}}, []]
    for body in bodies:
        status, error = await api.call("POST", "conda-specs", body)
        assert (status, error["reason"]) == (400, "invalid-request")
