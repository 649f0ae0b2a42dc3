"""Test the releases on a package index: which wheels count on which platform, and which source is chosen."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.version import Version

from tfenv_lab.plan_requests import Create
from tfenv_lab.pypi.index import Project
from tfenv_lab.pypi.pages import ProjectFile
from tfenv_lab.tensorflow.catalog import index_releases
from tfenv_lab.tensorflow.catalog.index_releases import IndexListing

from ...conftest import Api
from ...simple_index import SimpleIndex
from ...tiny_tensorflow import PYTHON, TAG

LINUX, ARM = "manylinux_2_17_x86_64", "manylinux_2_17_aarch64"
WINDOWS, MAC = "win_amd64", "macosx_12_0_arm64"


def project(name: str, *wheels: tuple[str, str, str]) -> Project:
    """Return a project with these wheels: version, minor version of Python, platform tag."""
    files = []
    for version, python, platform in wheels:
        tag = f"cp{python.replace('.', '')}"
        filename = f"{name.replace('-', '_')}-{version}-{tag}-{tag}-{platform}.whl"
        files.append(ProjectFile(filename, f"https://files.example/{filename}", Version(version), ">=3.10"))
    return Project(name, tuple(files))


def on(
    subdir: str, *projects: Project, pythons: tuple[str, ...] = ("3.11", "3.12"), cuda: str | None = None
) -> IndexListing:
    return index_releases.listing({each.name: each for each in projects}, subdir, pythons, cuda)


def table(listing: IndexListing) -> list[tuple[str, str, str, str]]:
    return [(cell.version, cell.variant, cell.python, cell.requirement) for cell in listing.cells]


WHOLE = project(
    "tensorflow",
    ("2.21.0", "3.11", LINUX),
    ("2.21.0", "3.12", LINUX),
    ("2.21.0", "3.12", ARM),
    ("2.21.0", "3.12", WINDOWS),
    ("2.21.0", "3.12", MAC),
)
FOR_CPU = project("tensorflow-cpu", ("2.21.0", "3.11", LINUX), ("2.21.0", "3.12", LINUX), ("2.21.0", "3.12", WINDOWS))


def test_on_linux_the_cpu_wheel_is_tensorflow_cpu_and_cuda_is_an_extra() -> None:
    assert table(on("linux-64", WHOLE, FOR_CPU, cuda="12.8")) == [
        ("2.21.0", "cpu", "3.12", "tensorflow-cpu"),
        ("2.21.0", "cpu", "3.11", "tensorflow-cpu"),
        ("2.21.0", "cuda12.5", "3.12", "tensorflow[and-cuda]"),
        ("2.21.0", "cuda12.5", "3.11", "tensorflow[and-cuda]"),
    ]


@pytest.mark.parametrize("subdir", ["linux-aarch64", "win-64", "osx-arm64"])
def test_elsewhere_the_cpu_wheel_is_tensorflow_and_there_is_no_cuda(subdir: str) -> None:
    assert table(on(subdir, WHOLE, FOR_CPU, cuda="12.8")) == [("2.21.0", "cpu", "3.12", "tensorflow")]


def test_a_platform_without_wheels_has_no_release() -> None:
    assert table(on("osx-64", WHOLE, FOR_CPU)) == []


def test_a_python_that_no_channel_has_is_blocked_with_a_reason() -> None:
    (variant,) = on("linux-64", FOR_CPU, pythons=("3.12",)).variants("2.21.0")
    assert (variant.name, variant.source, variant.installable) == ("cpu", "pypi", True)
    assert [(each.python, each.reason) for each in variant.blocked] == [("3.11", "no channel has Python 3.11")]


@pytest.mark.parametrize(("cuda", "said"), [(None, "this machine has none"), ("11.8", "supports CUDA 11.8")])
def test_cuda_needs_a_driver_that_is_new_enough(cuda: str | None, said: str) -> None:
    variant = next(v for v in on("linux-64", WHOLE, cuda=cuda).variants("2.21.0") if v.name != "cpu")
    assert not variant.installable
    assert said in (variant.reason or "")


@pytest.mark.parametrize(
    ("version", "cuda"), [("2.14.0", None), ("2.15.1", "12.2"), ("2.17.0", "12.3"), ("2.30.0", "12.5")]
)
def test_the_cuda_version_is_that_of_the_extra(version: str, cuda: str | None) -> None:
    assert index_releases.cuda_of(version) == cuda


def test_an_update_is_the_newest_stable_release_for_the_same_python() -> None:
    wheels = [(version, "3.12", LINUX) for version in ("2.20.0", "2.21.0", "2.22.0rc0")]
    listing = on("linux-64", project("tensorflow-cpu", *wheels))
    assert listing.update_of("2.20.0", "cpu", "3.12") == "2.21.0"
    assert listing.update_of("2.21.0", "cpu", "3.12") is None
    assert listing.update_of("2.20.0", "cpu", "3.11") is None


# In the catalog and in plans, beside the channel of the tests, which has TensorFlow 2.19.1 and 2.20.0


def add_wheels(index: SimpleIndex, *versions: str) -> None:
    tag = f"cp{TAG}-cp{TAG}-manylinux_2_17_x86_64"
    for version in versions:
        index.add("tensorflow-cpu", version, tag=tag, requires=["keras>=3.5"])
    index.add("keras", "3.10.0")
    index.add("keras", "3.15.0")


async def catalog(api: Api) -> dict[str, Any]:
    status, found = await api.call("GET", "tensorflow")
    assert status == 200, found
    return {release["version"]: release for release in found["releases"]}


async def test_the_catalog_has_the_releases_of_both_sources(api: Api, simple_index: SimpleIndex) -> None:
    add_wheels(simple_index, "2.20.0", "2.21.0")
    found = await catalog(api)
    sources = {version: [(v["name"], v["source"]) for v in found[version]["variants"]] for version in found}
    assert sources["2.21.0"] == [("cpu", "pypi")]
    assert sources["2.20.0"] == [("cpu", "conda"), ("cpu", "pypi")]
    assert sources["2.19.1"] == [("cpu", "conda")]
    assert [version for version in found if found[version]["recommended"]] == ["2.21.0"]
    assert found["2.21.0"]["keras"] == "3.15.0"


async def test_an_index_that_does_not_answer_leaves_the_channels_releases(api: Api, simple_index: SimpleIndex) -> None:
    simple_index.down()
    status, found = await api.call("GET", "tensorflow")
    assert status == 200, found
    assert [release["version"] for release in found["releases"]] == ["2.20.0", "2.19.1"]
    assert found["message"] == f"The package index {simple_index.url} cannot be reached."


@pytest.mark.parametrize(
    ("request_", "source", "version"),
    [
        (Create("new", "2.21.*"), "pypi", "2.21.0"),
        (Create("new", "2.20.*"), "conda", "2.20.0"),
        (Create("new", "2.20.*", source="pypi"), "pypi", "2.20.0"),
        (Create("new", "2.19.1"), "conda", "2.19.1"),
    ],
)
async def test_the_channel_is_chosen_where_it_has_the_release(
    api: Api, simple_index: SimpleIndex, request_: Create, source: str, version: str
) -> None:
    add_wheels(simple_index, "2.20.0", "2.21.0")
    body = {"kind": "create", "name": "new", "tensorflow": request_.tensorflow, "source": request_.source}
    plan = await api.plan(**body)
    entry = next(entry for entry in plan["entries"] if entry["name"] in ("tensorflow", "tensorflow-cpu"))
    assert (entry["source"], entry["to"]["version"]) == (source, version)
    assert entry["requested"]
    python = next(entry for entry in plan["entries"] if entry["name"] == "python")
    assert (python["source"], python["to"]["version"].startswith(PYTHON)) == ("conda", True)
