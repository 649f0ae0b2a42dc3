"""The specs that request what a pip command installs."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tfenv_lab.conda.repodata.repodata import Repodata
from tfenv_lab.conda.solving import specs
from tfenv_lab.pypi.models import IndexSettings
from tfenv_lab.tensorflow.pip_commands import specs_for

from ..conftest import Api
from ..simple_index import SimpleIndex
from ..tiny_channel import TinyChannel
from .conftest import settings_of


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A channel with TensorFlow 2.19.1 for the CPU and for CUDA, and packages under their own and other names."""
    channel = TinyChannel(tmp_path_factory.mktemp("forge"), "linux-64")
    for build in ("cpu_py312h0_0", "cuda128py312h0_0"):
        channel.add("tensorflow", "2.19.1", build=build)
    for name, version in (
        ("tensorflow", "2.18.0"),
        ("tf-keras", "2.19.0"),
        ("keras", "3.5.0"),
        ("pandas", "2.2.0"),
        ("dask", "2025.1"),
        ("dask-core", "2025.1"),
        ("matplotlib-base", "3.10.0"),
        ("pytorch", "2.7.0"),
        ("py-opencv", "4.11.0"),
        ("ruamel.yaml", "0.18.0"),
        ("importlib_metadata", "8.0.0"),
        ("graphviz", "12.0.0"),
        ("python-graphviz", "0.20"),
        ("snappy", "1.2.0"),
    ):
        channel.add(name, version)
    return channel.index()


@pytest.mark.parametrize(
    "option",
    [
        ["--index-url", "https://own.example/simple"],
        ["--index-url=https://own.example/simple"],
        ["-i", "https://own.example/simple"],
        ["-ihttps://own.example/simple"],
        ["--extra-index-url", "https://own.example/simple"],
        ["-f", "./wheels"],
        ["--find-links=/srv/wheels"],
        ["--no-index"],
    ],
)
def test_nothing_comes_from_the_index_if_the_command_names_another_place(url: str, option: list[str]) -> None:
    assert of(url, "own-tool", "pandas", *option) == ["pandas"]
    assert of(url, *option, "own-tool") == []


def test_a_place_that_is_configured_makes_no_difference(url: str) -> None:
    async def ask() -> list[str]:
        arguments = ["own-tool", "-i", "https://own.example/simple/"]
        repodata = Repodata(settings_of(url), "linux-64")
        settings = IndexSettings({"UV_INDEX": "https://own.example/simple"})
        return await specs_for(arguments, repodata, lambda: settings)

    assert asyncio.run(ask()) == ["pypi:own-tool"]


def of(url: str, *arguments: str) -> list[str]:
    async def ask() -> list[str]:
        return await specs_for(arguments, Repodata(settings_of(url), "linux-64"), lambda: IndexSettings({}))

    return asyncio.run(ask())


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
        (["tensorflow[and-cuda]==2.19.1"], ["tensorflow ==2.19.1 cuda*"]),
        (["tensorflow[and_cuda]"], ["tensorflow * cuda*"]),
        (["tf_keras~=2.19.0"], ["tf-keras ~=2.19.0"]),
        (["keras==3.5.0", "pandas"], ["keras ==3.5.0", "pandas"]),
        (["keras", "keras"], ["keras"]),
        (["tensorflow @ https://example.org/x.whl"], ["tensorflow"]),
        (["tensorflow; python_version > '3.8'"], ["tensorflow"]),
    ],
)
def test_packages_of_tensorflow_become_conda_specs(url: str, arguments: list[str], expected: list[str]) -> None:
    assert of(url, *arguments) == expected
    for spec in expected:
        specs.parse(spec, ())


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("tensorflow-cpu==2.21.*", "pypi:tensorflow-cpu==2.21.*"),
        ("tensorflow[and-cuda]==2.18.0", "pypi:tensorflow[and-cuda]==2.18.0"),
        ("tensorflow-cpu==2.18.0", "pypi:tensorflow-cpu==2.18.0"),
        ("keras>=3.10", "pypi:keras>=3.10"),
        ("tf_keras==2.18.*", "pypi:tf_keras==2.18.*"),
        ("pandas>=3", "pypi:pandas>=3"),
        ("Keras_Hub==0.2", "pypi:Keras_Hub==0.2"),
    ],
)
def test_what_no_channel_has_in_this_version_and_build_is_for_the_index(url: str, argument: str, expected: str) -> None:
    assert of(url, argument) == [expected]


@pytest.mark.parametrize("argument", ["tensorflow-cpu", "tensorflow", "tensorflow[and-cuda]", "tf-keras", "pandas<3"])
def test_without_the_package_on_a_channel_everything_is_for_the_index(tmp_path: Path, argument: str) -> None:
    channel = TinyChannel(tmp_path / "empty", "linux-64")
    channel.add("python", "3.12.4")
    assert of(channel.index(), argument) == [f"pypi:{argument}"]


@pytest.mark.parametrize("name", ["greet-1.0-py3-none-any.whl", "greet-1.0.tar.gz", "Greet.ZIP", "greet.whl[all]"])
def test_the_name_of_a_file_is_no_project(url: str, name: str) -> None:
    assert of(url, name, "pandas") == ["pandas"]


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("torch", "pytorch"),
        ("torch>=2,<3", "pytorch >=2,<3"),
        ("opencv-python", "py-opencv"),
        ("matplotlib", "matplotlib-base"),
        ("ruamel-yaml", "ruamel.yaml"),
        ("importlib-metadata", "importlib_metadata"),
        ("graphviz", "python-graphviz"),
        ("dask", "dask"),
        ("torch>=3", "pypi:torch>=3"),
        ("snappy", "pypi:snappy"),
    ],
)
def test_a_channel_may_have_it_under_another_name(url: str, argument: str, expected: str) -> None:
    assert of(url, argument) == [expected]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["pandas>=2,<3"], ["pandas >=2,<3"]),
        (["dask[array]>=2024"], ["pypi:dask[array]>=2024"]),
        (["-U", "-r", "requirements.txt", "pandas"], ["pandas"]),
        (["--index-url", "https://example.org/simple", "--pre", "pandas"], ["pandas"]),
        (["greet @ https://example.org/greet.whl"], []),
    ],
)
def test_options_and_urls_are_left_out(url: str, arguments: list[str], expected: list[str]) -> None:
    assert of(url, *arguments) == expected


@pytest.mark.parametrize("argument", ["./tensorflow", "--pre", "tensorflow=2.19", "", "[", "\udc80"])
def test_anything_else_is_left_out(url: str, argument: str) -> None:
    assert of(url, argument) == []


def test_while_no_channel_answers_the_specs_are_those_of_the_channels(tmp_path: Path) -> None:
    url = (tmp_path / "nowhere").as_uri()
    assert of(url, "tensorflow-cpu==2.19.*", "pandas", "graphviz") == [
        "tensorflow 2.19.* cpu_*",
        "pandas",
        "pypi:graphviz",
    ]


async def test_the_answer_can_be_planned_where_only_the_index_has_tensorflow(
    api: Api, simple_index: SimpleIndex
) -> None:
    simple_index.add("tensorflow-cpu", "2.99.0")
    await api.apply(kind="create", name="new")
    environment = await api.environment("new")
    _, found = await api.call("POST", "conda-specs", {"arguments": ["tensorflow-cpu==2.99.*"]})
    plan = await api.plan(kind="install", environment=environment["id"], specs=found["specs"])
    entry = next(entry for entry in plan["entries"] if entry["name"] == "tensorflow-cpu")
    assert (entry["source"], entry["to"]["version"]) == ("pypi", "2.99.0")


async def test_they_are_found_over_rest(api: Api) -> None:
    body = {"arguments": ["-q", "tensorflow==2.19.*", "pandas"]}
    assert await api.call("POST", "conda-specs", body) == (200, {"specs": ["tensorflow 2.19.*", "pandas"]})


async def test_a_body_of_another_form_is_refused(api: Api) -> None:
    bodies: list[object] = [{}, {"arguments": "tensorflow"}, {"arguments": [1]}, {"arguments": {"a": "b"}}, []]
    for body in bodies:
        status, error = await api.call("POST", "conda-specs", body)
        assert (status, error["reason"]) == (400, "invalid-request")
