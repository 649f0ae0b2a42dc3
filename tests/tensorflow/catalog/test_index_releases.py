"""Test the releases on a package index: which wheels count on which platform."""

from __future__ import annotations

import pytest
from packaging.version import Version

from tfenv_lab.pypi.index import Project
from tfenv_lab.pypi.pages import ProjectFile
from tfenv_lab.tensorflow.catalog import index_releases
from tfenv_lab.tensorflow.catalog.index_releases import IndexListing

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


@pytest.mark.parametrize(
    ("subdir", "platform", "needed"),
    [
        ("linux-aarch64", "manylinux_2_39_aarch64", "glibc 2.39"),
        ("osx-arm64", "macosx_99_0_arm64", "macOS 99.0"),
        ("osx-arm64", "macosx_99_0_universal2", "macOS 99.0"),
    ],
)
def test_a_wheel_for_a_newer_system_is_blocked_with_a_reason(subdir: str, platform: str, needed: str) -> None:
    (variant,) = on(subdir, project("tensorflow", ("2.21.0", "3.12", platform))).variants("2.21.0")
    assert not variant.installable
    assert variant.reason == f"needs {needed} or newer, but this machine has an older one"


def test_wheels_that_require_another_python_do_not_count() -> None:
    file = ProjectFile(
        "tensorflow-2.21.0-py3-none-any.whl", "https://files.example/x", Version("2.21.0"), ">=3.12,<3.13"
    )
    listing = on("win-64", Project("tensorflow", (file,)))
    assert table(listing) == [("2.21.0", "cpu", "3.12", "tensorflow")]


def test_a_python_that_no_channel_has_is_blocked_with_a_reason() -> None:
    (variant,) = on("linux-64", FOR_CPU, pythons=("3.12",)).variants("2.21.0")
    assert (variant.name, variant.source, variant.installable) == ("cpu", "pypi", True)
    assert [(each.python, each.reason) for each in variant.blocked] == [
        ("3.11", "needs Python 3.11, which no channel has")
    ]


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


def test_the_release_with_cuda_is_the_installed_one_or_the_newest() -> None:
    wheels = [(version, "3.12", LINUX) for version in ("2.14.0", "2.20.0", "2.21.0", "2.22.0rc0")]
    listing = on("linux-64", project("tensorflow", *wheels), cuda="12.8")
    assert listing.cuda_release("2.20.0", "3.12") == "2.20.0"
    assert listing.cuda_release("2.14.0", "3.12") == "2.21.0"
    assert listing.cuda_release("2.20.0", "3.11") is None
    assert on("linux-64", project("tensorflow", *wheels)).cuda_release("2.20.0", "3.12") is None
